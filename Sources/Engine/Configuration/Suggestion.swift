/// "Did you mean" for names that people type: keys, hooks, fields, models.
enum Suggestion {
  /// `did you mean max_num_seqs?`, or nil when no candidate is near.
  static func didYouMean(_ word: String, among candidates: [String]) -> String? {
    closest(to: word, among: candidates).map { "did you mean \($0)?" }
  }

  /// The candidate that is fewest edits away; ties go to the first, nil when all are too far.
  ///
  /// Case and the difference between `-`, `_` and space do not count. Too far is more than a third of the longer word
  /// (guess: what still looks like a slip rather than another word).
  static func closest(to word: String, among candidates: [String]) -> String? {
    let typed = Array(normalised(word))
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let known = Array(normalised(candidate))
      let limit = max(typed.count, known.count) / 3
      guard typed.count <= longestWord, known.count <= longestWord,
        abs(typed.count - known.count) <= limit
      else { continue }
      let distance = editDistance(typed, known)
      if distance <= limit && distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// Longer words are compared with nothing: the cost is quadratic.
  private static let longestWord = 128

  private static func normalised(_ word: String) -> [UInt8] {
    word.utf8.map { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
      case UInt8(ascii: "-"), UInt8(ascii: " "): UInt8(ascii: "_")
      default: byte
      }
    }
  }

  /// Fewest insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
  ///
  /// Optimal string alignment: no part is edited twice. Time is the product of the lengths.
  static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    var row = last
    for i in 0..<a.count {
      row[0] = i + 1
      for j in 0..<b.count {
        row[j + 1] = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
        }
      }
      (beforeLast, last, row) = (last, row, beforeLast)
    }
    return last[b.count]
  }
}
