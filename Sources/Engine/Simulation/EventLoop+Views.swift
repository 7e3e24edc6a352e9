/// Verifies what the bridge to Lua relies on: a view stays what it was while nobody has said that it changed.
extension EventLoop {
  mutating func checkViews() throws(SimulationError) {
    guard let versions = world.viewVersions else {
      seenViews.removeAll()
      return
    }
    for index in 0..<state.pointee.instanceCount {
      let id = InstanceID(index)
      var view = world.instanceView(id)
      // An idle instance is free at the present moment, whichever that is.
      if !view.busy { view.freeAt = .zero }
      let present = SeenView(version: versions[index], until: world.viewHolds(id), view: view)
      guard seenViews.count > index else {
        seenViews.append(present)
        continue
      }
      let seen = seenViews[index]
      if seen.version == present.version, now < seen.until, seen.view != view {
        let name = state.pointee.cluster.instances[index].name
        throw .brokenLaw("\(name) at \(now.seconds) s: its view changed, and its version did not")
      }
      seenViews[index] = present
    }
  }
}

/// A view, its version, and until when the view holds while the version does.
struct SeenView {
  var version: UInt32
  var until: SimTime
  var view: InstanceView
}
