import Foundation
import Synchronization

/// Independent jobs on all cores of the machine.
enum SideBySide {
  /// Does jobs 0 ..< `count` and returns their results in that order, whatever the number of workers.
  ///
  /// A job is done by one thread from beginning to end. Memory holds the results and one job a worker.
  /// - Throws: the error of the first job in order that failed; the others are done all the same.
  static func map<Result: Sendable>(
    _ count: Int, workers: Int = ProcessInfo.processInfo.activeProcessorCount,
    _ job: @Sendable (Int) throws -> Result
  ) throws -> [Result] {
    let done = Mutex(Progress<Result>(next: 0, results: Array(repeating: nil, count: count)))
    DispatchQueue.concurrentPerform(iterations: max(1, min(workers, count))) { _ in
      while let number = done.withLock({ $0.take() }) {
        let result = Swift.Result { try job(number) }
        done.withLock { $0.results[number] = result }
      }
    }
    return try done.withLock { $0.results }.compactMap { try $0?.get() }
  }

  private struct Progress<Value> {
    var next: Int
    var results: [Result<Value, any Error>?]

    mutating func take() -> Int? {
      guard next < results.count else { return nil }
      defer { next += 1 }
      return next
    }
  }
}
