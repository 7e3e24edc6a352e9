import Engine
import Foundation

/// The user's folder of profiles, which `make profiles` fills: `simhost/profiles` below `XDG_CACHE_HOME`, or below
/// `.cache` in the home folder.
///
/// Source: XDG Base Directory Specification, https://specifications.freedesktop.org/basedir-spec/latest/
struct ProfileCache {
  let folder: String

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let given = environment["XDG_CACHE_HOME"] ?? ""
    // The specification has relative paths ignored.
    let cache =
      given.hasPrefix("/") ? given : (environment["HOME"] ?? NSHomeDirectory()) + "/.cache"
    folder = cache + "/simhost/profiles"
  }

  /// Whether there is a profile, of whatever number format, of each instance's model on its accelerator.
  func hasAll(of instances: [InstanceSpec]) -> Bool {
    instances.allSatisfy {
      FileManager.default.fileExists(atPath: "\(folder)/\($0.hardware)/\($0.model.name)")
    }
  }
}
