import Foundation
import Synchronization

/// Files that have not got their names yet, which are removed when the user stops the program.
///
/// Some are written as long as a run goes on. A signal may come at any moment, and its handler may do little: it reads
/// pointers, unlinks what they name, and lets the signal have its way.
enum PartialFiles {
  /// More than a program writes at once; further ones are left behind when it is stopped. Origin: guess.
  private static let most = 256
  private static let lock = Mutex<Bool>(false)
  nonisolated(unsafe) private static let names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> =
    {
      let names = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: most)
      names.initialize(repeating: nil, count: most)
      return names
    }()

  static func add(_ path: String) {
    lock.withLock { isWatched in
      for place in 0..<most where names[place] == nil {
        names[place] = strdup(path)
        break
      }
      if !isWatched { watch() }
      isWatched = true
    }
  }

  static func forget(_ path: String) {
    lock.withLock { _ in
      for place in 0..<most {
        guard let name = names[place], strcmp(name, path) == 0 else { continue }
        // Its memory stays: a handler may be reading it.
        names[place] = nil
        return
      }
    }
  }

  /// Signals that are ignored, or that somebody else looks after, stay as they are.
  private static func watch() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let old = signal(number) { PartialFiles.remove(because: $0) }
      // The default is a null pointer.
      if let old { signal(number, old) }
    }
  }

  /// In the handler: the program ends with the signal.
  private static func remove(because number: Int32) {
    for place in 0..<most {
      if let name = names[place] { unlink(name) }
    }
    signal(number, SIG_DFL)
    raise(number)
  }
}
