import Engine

/// Shows a run while it goes on: a line for each log interval on stdout, a progress bar on a terminal's stderr.
struct TerminalObserver: RunObserver {
  private let console: Console
  private let report: ConsoleReport
  /// Simulated time between samples.
  private let interval: SimDuration
  private var samples = 0
  private let trace: ChromeTrace?
  private let table: WideCSVStream?
  /// Host time: for the bar only, which is no result.
  private let start = ContinuousClock.now
  private var lastDrawn: ContinuousClock.Instant?

  init(
    console: Console, interval: SimDuration, trace: ChromeTrace? = nil, table: WideCSVStream? = nil
  ) {
    self.console = console
    self.trace = trace
    self.table = table
    self.interval = interval
    report = ConsoleReport(style: console.outputStyle, width: console.width)
  }

  mutating func sample(_ sample: IntervalSample) {
    samples += 1
    guard console.level >= .info else { return }
    console.result(report.intervalLine(index: samples, sample: sample, interval: interval))
  }

  var watchesIterations: Bool { trace != nil }

  mutating func iterationEnded(_ event: IterationEvent) { trace?.iterationEnded(event) }

  mutating func preempted(_ request: RequestID, on instance: InstanceID, at now: SimTime) {
    trace?.preempted(request, on: instance, at: now)
  }

  var watchesRecords: Bool { table != nil }

  mutating func ended(_ records: UnsafeBufferPointer<RequestRecord>, reasons: [String]) {
    table?.add(records, reasons: reasons)
  }

  mutating func progress(ended: Int, of total: Int, at now: SimTime) {
    guard let width = console.progressWidth else { return }
    let instant = ContinuousClock.now
    // Ten times a second is as fast as one can read; nothing is drawn for a run that is over before.
    if instant - (lastDrawn ?? start) < .milliseconds(100) { return }
    lastDrawn = instant
    let seconds = (instant - start) / .seconds(1)
    console.progress(
      ProgressBar.line(ended: ended, of: total, seconds: seconds, width: width))
  }
}
