import Foundation
import Testing

@testable import Engine

/// The analytic model judged on tables of a few rows, in a folder of their own.
@Suite struct ValidationOperatorTests {
  private static let hardware = HardwareSpec(
    source: "test", name: "TEST",
    dataSheet: .init(
      source: "test", bf16Teraflops: 100, memoryBandwidth: 1000, memoryGiB: 80, cacheMegabytes: 50,
      multiprocessors: 100),
    coefficients: AnalyticCoefficients(), calibration: .usualForTests)

  private static func judge(_ files: [(String, String)]) throws -> [RelativeErrors] {
    let root = NSTemporaryDirectory() + "simhost-operators-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: root) }
    for (name, text) in files {
      let url = URL(fileURLWithPath: "\(root)/\(name)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: true, encoding: .utf8)
    }
    return try OperatorTables(folder: root, hardware: hardware).judge()
  }

  private static let head =
    "op,attn_dtype,kv_cache_dtype,batch_size,isl,num_heads,num_key_value_heads,head_dim,step,latency\n"

  private static func tables(_ products: String, version: String = "1") -> [(String, String)] {
    [
      ("gemm/vllm/\(version)/gemm_perf.csv", "gemm_dtype,m,n,k,latency\n" + products),
      (
        "attention/vllm/1/context_attention_perf.csv",
        head + "c,bfloat16,bfloat16,1,512,32,8,128,0,1\n"
      ),
      (
        "attention/vllm/1/generation_attention_perf.csv",
        head + "g,bfloat16,bfloat16,4,1000,32,8,128,24,1\n"
      ),
    ]
  }

  @Test func aProductIsTheLongerOfComputeAndMemoryAndAPartOfTheOther() throws {
    // 128 x 1024 x 4096: 1.074 GFLOP at 85 TFLOPS are 12.632 µs; 8.389 MB of weights and 1.311 MB of activations at
    // 950 GB/s are 10.210 µs. 12.632 + 0.3 x 10.210 + 2 = 17.695 µs.
    let time = AnalyticCost.matrixProduct(rows: 128, columns: 1024, depth: 4096, on: Self.hardware)
    #expect(abs(time - 17.695e-6) < 0.001e-6, "\(time)")
    let errors = try Self.judge(
      Self.tables("bfloat16,128,1024,4096,0.017695\nfp8,128,1024,4096,9\nbfloat16,8,64,64,9\n"))
    let row = try #require(errors.first)
    #expect(row.label == "matrix product, decode, 17-256 requests" && row.count == 1)
    #expect(abs(row.bias) < 1e-3)
    #expect(errors.map(\.count) == [1, 1, 1])
  }

  @Test func impossibleTablesAreLeftForOlderOnes() throws {
    // Version 2 says 1.074 GFLOP in 1 µs: ten times the peak.
    let errors = try Self.judge(
      Self.tables("bfloat16,128,1024,4096,0.02\n")
        + Self.tables("bfloat16,128,1024,4096,0.001\n", version: "2"))
    #expect(try #require(errors.first).median < 0.2)
  }

  @Test func whatIsWrongIsSaid() {
    for (products, expected) in [
      ("bfloat16,x,1024,4096,1\n", "m"), ("bfloat16,1,1024\n", "has 3 cells"),
      ("bfloat16,1,1024,4096,-1\n", "a number from 0"),
    ] {
      let error = #expect(throws: InputError.self) { try Self.judge(Self.tables(products)) }
      #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }
    let error = #expect(throws: InputError.self) { try Self.judge([]) }
    #expect(error?.description.contains("gemm_perf.csv") == true)
  }
}

extension HardwareSpec.Calibration {
  fileprivate static let usualForTests = Self(origin: .guess, note: "test")
}
