/// The rows of a `RequestTable`, by slot: what schedulers are handed to change requests in place.
///
/// A plain pointer, because these are the hottest reads and writes of a run. Valid until the table next grows, which only
/// an arrival can cause.
struct RequestRows {
  fileprivate(set) var base: UnsafeMutablePointer<ActiveRequest>

  @inline(__always)
  subscript(slot: Int32) -> ActiveRequest {
    _read { yield base[Int(slot)] }
    nonmutating _modify { yield &base[Int(slot)] }
  }
}

/// Active requests by slot. A slot is used again once its request has ended, so memory follows what is active.
///
/// Owns unmanaged memory: not to be copied, and to be ended with `deallocate`.
struct RequestTable {
  private(set) var rows: RequestRows
  private(set) var capacity: Int
  /// Slots that were given back, used again from the last.
  private var vacant = Pile<Int32>()
  /// Slots ever used.
  private(set) var used = 0
  private(set) var active = 0

  init(capacity: Int = 64) {
    self.capacity = max(1, capacity)
    rows = RequestRows(base: .allocate(capacity: self.capacity))
  }

  func deallocate() {
    vacant.deallocate()
    rows.base.deinitialize(count: used)
    rows.base.deallocate()
  }

  /// A slot for a new request, with a row of defaults.
  mutating func add() -> Int32 {
    active += 1
    if let slot = vacant.popLast() {
      return slot
    }
    if used == capacity { grow() }
    (rows.base + used).initialize(to: ActiveRequest())
    used += 1
    return Int32(used - 1)
  }

  /// Ends the request in `slot`. Its storage for keys and gaps goes too.
  mutating func remove(_ slot: Int32) {
    rows[slot] = ActiveRequest()
    vacant.append(slot)
    active -= 1
  }

  /// Is the request of this reference still the one in its slot?
  func isActive(_ request: RequestRef) -> Bool {
    request.slot >= 0 && Int(request.slot) < used && !request.id.isNone
      && rows[request.slot].id == request.id
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<ActiveRequest>.allocate(capacity: 2 * capacity)
    larger.moveInitialize(from: rows.base, count: used)
    rows.base.deallocate()
    rows.base = larger
    capacity *= 2
  }
}
