/// Paths between instances, as policies see them.
extension Network {
  func view(from: Int32, to: Int32, now: SimTime) -> LinkView {
    var view = LinkView()
    let queued = queuedBytes(from: from, to: to, now: now).rounded(.up)
    view.bytesPerSecond = link.bytesPerNanosecond * 1e9
    view.latency = link.latency
    view.queuedBytes = Int(min(queued, 1e18))
    view.freeAt =
      queued > 0 ? now + idleTime(bytes: Int64(view.queuedBytes)) : now
    return view
  }
}
