/// Paths between instances, as policies see them.
extension Network {
  func view(from: Int32, to: Int32, now: SimTime) -> LinkView {
    var view = LinkView()
    let queued = queuedBytes(from: from, to: to, now: now).rounded(.up)
    view.bytesPerSecond = idleRate(from: from, to: to) * 1e9
    view.latency = latency(from: from, to: to)
    view.queuedBytes = Int(min(queued, 1e18))
    view.freeAt =
      queued > 0 ? now + idleTime(bytes: Int64(view.queuedBytes), from: from, to: to) : now
    return view
  }
}
