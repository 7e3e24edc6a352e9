/// A sweep as JSON: its axes, and each point with the means over its seeds.
extension SweepTable: OutputDocument {
  public func write(to sink: inout ByteSink) {
    var json = JSONWriter(sink)
    json.object { json in
      json.field("file", path)
      json.key("axes")
      json.line(of: axes) { json, axis in json.text(axis) }
      json.array("points", points) { json, point in
        json.object { json in
          json.field("policy", point.policy)
          json.object("values") { json in
            for (axis, value) in zip(axes, point.values) { json.field(axis, value) }
          }
          json.field("seeds", point.seeds)
          json.field("bottleneck", point.bottleneck)
          json.object("means") { json in
            for column in columns where column != "bottleneck" {
              json.field(column, point.means[column])
            }
          }
        }
      }
    }
    json.endDocument()
    sink = json.sink
  }
}
