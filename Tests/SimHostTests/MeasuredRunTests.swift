import Foundation
import Testing

/// The runs in measured/, which are here with and without reference data: what the simulation is held to.
@Suite struct MeasuredRunTests {
  private static let runs = "measured/runs/llama-3.1-8b-h100-"

  /// Errors of mean TTFT and TPOT, in percent, from the output of `simhost validate`.
  private static func errors(_ run: String, _ arguments: [String]) throws -> [Double] {
    let program = try Program.run(["validate", runs + run] + arguments)
    #expect(program.exitCode == 0, "\(program.errors)")
    return try ["TTFT Mean", "TPOT Mean"].map { row in
      let line = try #require(program.output.split(separator: "\n").first { $0.hasPrefix(row) })
      return try #require(line.split(separator: " ").last.flatMap { Double($0.dropLast()) })
    }
  }

  /// The platform was fitted to the run at 20/s alone.
  @Test(arguments: ["chat-5", "chat-20", "chat-60", "overload"])
  func theProfileWithAPlatformIsNearVLLM(_ run: String) throws {
    let errors = try Self.errors(
      run, ["--profile-dir", "measured/profiles", "--platform", "vllm-0.20-h100"])
    #expect(abs(errors[0]) <= 10 && abs(errors[1]) <= 6, "\(run): \(errors)")
  }

  /// Nothing was fitted to any run: iterations of decode requests alone, which are most at 5/s, come from the profile.
  @Test func decodeIterationsAreThoseOfTheProfile() throws {
    let errors = try Self.errors("chat-5", ["--profile-dir", "measured/profiles"])
    #expect(abs(errors[1]) <= 2, "\(errors)")
  }

  @Test(arguments: ["chat-5", "chat-20", "chat-60", "overload"])
  func theAnalyticModelIsNotFar(_ run: String) throws {
    let errors = try Self.errors(run, ["--platform", "vllm-0.20-h100"])
    #expect(abs(errors[0]) <= 25 && abs(errors[1]) <= 10, "\(run): \(errors)")
  }

  /// What the platform's file says of its fit is what the command finds.
  @Test func thePlatformIsWhatItsFitFinds() throws {
    let program = try Program.run([
      "calibrate", "platform", Self.runs + "chat-20", "--part", "all", "--profile-dir",
      "measured/profiles", "--platform", "vllm-0.20-h100", "--fit", "host_layer_us",
    ])
    #expect(program.exitCode == 0, "\(program.errors)")
    let line = try #require(
      program.output.split(separator: "\n").first { $0.contains("host_layer_us") })
    let value = try #require(Double(line.split(separator: " ")[1]))
    let file = try String(
      contentsOfFile: "\(Program.root)/configs/platform/vllm-0.20-h100.json", encoding: .utf8)
    #expect(file.contains("\"host_layer_us\": \(value)"), "\(value)")
  }
}
