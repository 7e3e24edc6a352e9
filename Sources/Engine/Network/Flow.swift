/// A KV cache on its way between two instances, all at once or as it is computed.
///
/// A stream holds back what is not computed yet. Its chunks come one after the other, each layer by layer at equal distances.
struct Flow {
  /// Order of starting; ties at one instant go by it.
  var id: Int
  /// What the owner of the flow is known by.
  var tag: Int32
  var from: Int32
  var to: Int32
  /// Bytes left at `since` of those that can be sent.
  var ready: Double
  /// Bytes that cannot be sent yet.
  var held: Int64 = 0
  /// Bytes per nanosecond from `since` on; 0 while nothing is sent. Before `start` it is foreseen, or 0.
  var rate: Double
  var since: SimTime
  /// When the first byte leaves.
  var start: SimTime
  /// When the last byte that is ready arrives, if nothing changes.
  var end: SimTime
  /// While nothing is sent: when that changes; the first byte, or the next layer.
  var wake: SimTime
  var chunk = Chunk()
  /// What chunks before it have not let go of yet, and when they will: the latency reaches into the next chunk.
  var late: Int64 = 0
  var lateEnd = SimTime.zero

  /// A piece of a prompt that is being computed, and the latency that its bytes have before them.
  struct Chunk {
    var bytes: Int64 = 0
    var start = SimTime.zero
    var duration = SimDuration.zero
    var layers: Int64 = 1
    /// Layers that are ready.
    var done: Int64 = 0

    /// When layer `layer` (from 1) is there: layers take equally long, rounded up.
    func end(of layer: Int64) -> SimTime {
      // In two parts, so that the product fits.
      let (whole, rest) = duration.nanoseconds.quotientAndRemainder(dividingBy: layers)
      let part = (rest * layer + layers - 1) / layers
      return start + SimDuration(nanoseconds: whole * layer + part)
    }

    /// Bytes of the first `layer` layers.
    func bytes(to layer: Int64) -> Int64 {
      let (whole, rest) = bytes.quotientAndRemainder(dividingBy: layers)
      return whole * layer + rest * layer / layers
    }
  }

  /// Whether it has begun, and has something to send or is to end.
  func wantsRate(_ now: SimTime) -> Bool { start <= now && (ready > 0 || held == 0) }

  /// Lets go of the layers that are there at `now`.
  mutating func release(_ now: SimTime) {
    if late > 0, lateEnd <= now { release(late: late) }
    while chunk.done < chunk.layers, chunk.bytes > 0, chunk.end(of: chunk.done + 1) <= now {
      let bytes = chunk.bytes(to: chunk.done + 1) - chunk.bytes(to: chunk.done)
      chunk.done += 1
      ready += Double(bytes)
      held -= bytes
    }
  }

  private mutating func release(late bytes: Int64) {
    ready += Double(bytes)
    held -= bytes
    late = 0
  }

  /// Goes on to the next chunk; what is behind the `rest` bytes from its start on is there, or on its way.
  mutating func begin(_ next: Chunk, rest: Int64) {
    let open = chunk.bytes - chunk.bytes(to: chunk.done)
    if open > 0 {
      late += open
      lateEnd = chunk.end(of: chunk.layers)
    }
    chunk = next
    let missed = max(0, held - late - rest)
    ready += Double(missed)
    held -= missed
  }

  /// When the next layer is there; never while no chunk is being computed.
  var nextLayer: SimTime {
    let layer =
      chunk.done < chunk.layers && chunk.bytes > 0 ? chunk.end(of: chunk.done + 1) : .never
    return late > 0 ? min(layer, lateEnd) : layer
  }

  /// Takes off what has been sent since `since`.
  mutating func settle(_ now: SimTime) {
    ready = max(0, ready - rate * Double(max(0, (now - max(since, start)).nanoseconds)))
    since = now
  }
}
