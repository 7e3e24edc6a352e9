import Foundation
import Testing

@testable import SimHost

@Suite struct ProfileCacheTests {
  @Test func theFolderFollowsTheEnvironment() {
    #expect(ProfileCache(environment: ["XDG_CACHE_HOME": "/c"]).folder == "/c/simhost/profiles")
    for ignored in ["", "relative"] {
      #expect(
        ProfileCache(environment: ["XDG_CACHE_HOME": ignored, "HOME": "/h"]).folder
          == "/h/.cache/simhost/profiles")
    }
  }

  @Test func theFlagsExcludeEachOther() throws {
    let run = try Program.run(["--cached-profiles", "--profile-dir", "x"])
    #expect(run.exitCode == 64)
    #expect(run.errors.contains("not both"))
  }
}
