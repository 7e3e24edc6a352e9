import Foundation

/// A Chrome trace as tables for SQL, with the names, columns and rules of Perfetto's trace processor.
///
/// Follows its importer for JSON as far as simhost writes it: events are sorted by time; complete events nest on the track
/// of their thread; asynchronous ones on a track for each category and id; each argument of a counter is a track of its own;
/// an arrow sticks to the innermost slice that is open on its thread. What does not fit is counted as an error in `stats`.
///
/// Source: https://perfetto.dev/docs/analysis/sql-tables, and `json_trace_parser_impl.cc`, `slice_tracker.cc` and
/// `flow_tracker.cc` in https://github.com/google/perfetto.
struct TraceTables {
  private struct Slice {
    var start: Int
    var end: Int?
    var track: Int
    var depth: Int
    var category: String?
    var name: String
  }

  private var slices: [Slice] = []
  private var counters: [[Any?]] = []
  private var flows: [[Any?]] = []
  private var processes: [Int: String] = [:]
  private var threads: [Int: String] = [:]
  private var tracks: [String: Int] = [:]
  private var threadTracks: [[Any?]] = []
  private var counterTracks: [[Any?]] = []
  private var open: [Int: [Int]] = [:]
  private var arrows: [String: Int] = [:]
  private var errors: [String: Int] = [:]

  /// Tables `process`, `thread`, `thread_track`, `process_counter_track`, `slice`, `counter`, `flow` and `stats`.
  static func load(_ path: String) throws -> SQL {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let document = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    var tables = TraceTables()
    let events = document?["traceEvents"] as? [[String: Any]] ?? []
    for event in events where event["ph"] as? String == "M" { tables.meta(event) }
    let rest = events.filter { $0["ph"] as? String != "M" }.map { (Self.time($0, "ts"), $0) }
    // Stable: what is at one moment stays in the order of the file.
    for (_, (time, event)) in rest.enumerated().sorted(by: { ($0.1.0, $0.0) < ($1.1.0, $1.0) }) {
      tables.add(event, at: time)
    }
    for slice in tables.slices where slice.end == nil {
      tables.fail("slice \(slice.name) without end")
    }
    return try tables.database()
  }

  private static func time(_ event: [String: Any], _ key: String) -> Int {
    Int(((event[key] as? Double ?? -1) * 1000).rounded())
  }

  private mutating func fail(_ problem: String) { errors[problem, default: 0] += 1 }

  private mutating func meta(_ event: [String: Any]) {
    let (pid, tid) = (event["pid"] as? Int ?? 0, event["tid"] as? Int ?? 0)
    let name = (event["args"] as? [String: Any])?["name"] as? String
    switch event["name"] as? String {
    case "process_name": processes[pid] = name
    case "thread_name": threads[tid] = name
    default: fail("metadata without meaning")
    }
  }

  private mutating func track(_ key: String, _ made: (inout TraceTables, Int) -> Void = { _, _ in })
    -> Int
  {
    if let track = tracks[key] { return track }
    let track = tracks.count + 1
    tracks[key] = track
    made(&self, track)
    return track
  }

  private mutating func add(_ event: [String: Any], at time: Int) {
    let (pid, tid) = (event["pid"] as? Int ?? 0, event["tid"] as? Int ?? 0)
    let name = event["name"] as? String ?? ""
    // The idle task of Linux, and processes that nobody named.
    if pid == 0 || tid == 0 || processes[pid] == nil { fail("event of process \(pid)") }
    let thread = track("thread \(pid) \(tid)") { $0.threadTracks.append([$1, tid]) }
    func id() -> String { "\(event["cat"] as? String ?? "") \(event["id"] as? String ?? "")" }
    switch event["ph"] as? String {
    case "X":
      begin(name, nil, on: thread, at: time, end: time + Self.time(event, "dur"))
    case "i":
      let isThread = event["s"] as? String == "t"
      let place = isThread ? thread : track("process \(pid)")
      begin(name, nil, on: place, at: time, end: time)
    case "b":
      begin(name, event["cat"] as? String, on: track("async \(id())"), at: time, end: nil)
    case "e":
      let place = track("async \(id())")
      guard let slice = open[place]?.popLast(), slices[slice].name == name else {
        return fail("end of \(name) without its beginning")
      }
      slices[slice].end = time
    case "C":
      for (key, value) in (event["args"] as? [String: Int] ?? [:]).sorted(by: { $0.key < $1.key }) {
        let place = track("counter \(pid) \(name) \(key)") {
          $0.counterTracks.append([$1, pid, "\(name) \(key)"])
        }
        counters.append([counters.count, time, place, value])
      }
    case "s":
      guard let slice = innermost(thread, at: time) else { return fail("flow_no_enclosing_slice") }
      if arrows.updateValue(slice, forKey: id()) != nil { fail("flow_duplicate_id") }
    case "f":
      guard event["bp"] as? String == "e", let slice = innermost(thread, at: time) else {
        return fail("flow_no_enclosing_slice")
      }
      guard let from = arrows.removeValue(forKey: id()) else {
        return fail("flow_end_without_start")
      }
      flows.append([flows.count, from, slice])
    default: fail("unknown phase")
    }
  }

  private mutating func begin(
    _ name: String, _ category: String?, on track: Int, at time: Int, end: Int?
  ) {
    let parent = innermost(track, at: time)
    // A child that outlives its parent is not shown.
    if let parent, let last = slices[parent].end, let end, end > last {
      return fail("slice \(name) outlives what it is in")
    }
    slices.append(
      Slice(
        start: time, end: end, track: track, depth: open[track]?.count ?? 0, category: category,
        name: name))
    if end != time { open[track, default: []].append(slices.count - 1) }
  }

  /// The slice that is open on a track, when those that are over have been taken off.
  private mutating func innermost(_ track: Int, at time: Int) -> Int? {
    while let last = open[track]?.last, let end = slices[last].end, end <= time {
      open[track]?.removeLast()
    }
    return open[track]?.last
  }

  private func database() throws -> SQL {
    let sql = try SQL()
    try sql.run(
      """
      CREATE TABLE process (upid, pid, name);
      CREATE TABLE thread (utid, tid, name);
      CREATE TABLE thread_track (id PRIMARY KEY, utid);
      CREATE TABLE process_counter_track (id PRIMARY KEY, upid, name);
      CREATE TABLE slice (id PRIMARY KEY, ts, dur, track_id, depth, category, name);
      CREATE TABLE counter (id PRIMARY KEY, ts, track_id, value);
      CREATE TABLE flow (id PRIMARY KEY, slice_out, slice_in);
      CREATE TABLE stats (name, severity, value);
      """)
    try sql.insert(into: "process", processes.map { [$0.key, $0.key, $0.value] })
    try sql.insert(into: "thread", threads.map { [$0.key, $0.key, $0.value] })
    try sql.insert(into: "thread_track", threadTracks)
    try sql.insert(into: "process_counter_track", counterTracks)
    try sql.insert(
      into: "slice",
      slices.enumerated().map { place, slice in
        [
          place, slice.start, (slice.end ?? slice.start - 1) - slice.start, slice.track,
          slice.depth,
          slice.category, slice.name,
        ]
      })
    try sql.insert(into: "counter", counters)
    try sql.insert(into: "flow", flows)
    try sql.insert(into: "stats", errors.map { [$0.key, "error", $0.value] })
    return sql
  }
}
