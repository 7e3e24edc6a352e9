/// A decode batch that counts every member in every iteration: slow, obvious, and the check of `LazyDecodeBatch`.
struct ExplicitDecodeBatch: DecodeBatch {
  private struct Member {
    var slot: Int32
    var order: Int
    var computed: Int
    var target: Int
  }
  private let blockSize: Int
  private var members: [Member] = []
  private(set) var iteration = 0
  private(set) var hasKeyed = false
  private var keyed: [Int32] = []

  init(blockSize: Int, tracksExtremes: Bool) { self.blockSize = blockSize }

  func deallocate() {}

  var count: Int { members.count }
  var contextTokens: Int { members.reduce(0) { $0 + $1.computed } }
  var contextSquares: Int { members.reduce(0) { $0 &+ $1.computed &* $1.computed } }

  func growth(ahead: Int) -> Int {
    members.count { ($0.computed + ahead) % blockSize == 0 }
  }

  func publishers(_ rows: RequestRows) -> ContiguousArray<Int32> {
    ContiguousArray(
      members.filter { ($0.computed + 1) % blockSize == 0 && keyed.contains($0.slot) }
        .sorted { $0.order < $1.order }.map(\.slot))
  }

  func contextRange(_ rows: RequestRows, running: Pile<Int32>) -> (Int, Int) {
    (members.map(\.computed).min() ?? 0, members.map(\.computed).max() ?? 0)
  }

  func iterationsToFinish(_ rows: RequestRows) -> Int? {
    members.map { $0.target - 1 - $0.computed }.min()
  }

  mutating func join(_ slot: Int32, stamp: Int, _ rows: RequestRows) {
    rows[slot].stamp = stamp
    rows[slot].place = .decoding
    rows[slot].joinedAt = iteration
    members.append(
      Member(
        slot: slot, order: rows[slot].order, computed: Int(rows[slot].computed),
        target: Int(rows[slot].target)))
    if rows[slot].keys.count > rows[slot].held.entries.count { keyed.append(slot) }
    hasKeyed = !keyed.isEmpty
  }

  mutating func leave(_ slot: Int32, _ rows: RequestRows) {
    guard let place = members.firstIndex(where: { $0.slot == slot }) else { return }
    rows[slot].computed = Int32(members[place].computed)
    rows[slot].reached = Int32(members[place].computed + 1)
    rows[slot].place = .paused
    members.remove(at: place)
    keyed.removeAll { $0 == slot }
    hasKeyed = !keyed.isEmpty
  }

  mutating func advance(by iterations: Int) {
    iteration += iterations
    for place in members.indices { members[place].computed += iterations }
  }

  mutating func popFinished(_ rows: RequestRows, into finished: inout Pile<Int32>) {
    let done = members.filter { $0.computed + 1 >= $0.target }.sorted { $0.order < $1.order }
    for member in done {
      leave(member.slot, rows)
      finished.append(member.slot)
    }
  }

  func computed(_ slot: Int32, _ rows: RequestRows) -> Int {
    members.first { $0.slot == slot }?.computed ?? 0
  }
}
