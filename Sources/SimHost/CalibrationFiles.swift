import Engine
import Foundation

// What the commands that fit accelerators have in common: the files that they read and write, and a line of errors.

extension RelativeErrors {
  /// As in hardware files: `prefill, 16-512 tokens: median 1.7%, …`.
  var line: String {
    "\(label): median \(percent(median)), mean \(percent(mean)), P90 \(percent(p90)), "
      + "max \(percent(maximum)), bias \(percent(bias))"
  }

  private func percent(_ fraction: Double) -> String {
    // Adding 0 turns -0 into 0.
    "\((fraction * 1000).rounded() / 10 + 0)%"
  }
}

extension HardwareCatalog {
  /// The accelerator's file, or what to do without it.
  func required(_ name: String) throws -> HardwareSpec {
    guard let spec = try hardware(named: name) else {
      throw InputError(
        file: folders.joined(separator: ", "), problem: "has no data sheet \(name).json",
        expected: names().isEmpty ? nil : "one of \(names().joined(separator: ", "))")
    }
    return spec
  }
}

extension ModelCatalog {
  /// The model's file, or what to do without it.
  func required(_ name: String) throws -> ModelSpec {
    guard let model = try model(named: name) else {
      throw InputError(
        file: folders.joined(separator: ", "), problem: "has no model \(name)",
        expected: "one of \(names().joined(separator: ", "))")
    }
    return model
  }
}

extension HardwareSpec {
  /// Writes the file, whole or not at all.
  func save(to path: String) throws(InputError) {
    do {
      try json.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw InputError(file: path, problem: "cannot be written")
    }
  }
}
