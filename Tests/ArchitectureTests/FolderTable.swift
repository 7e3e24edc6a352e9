/// What one folder of `Sources/Engine` may lean on.
struct FolderRule {
  var name: String
  /// Folders whose types it may mention, besides its own.
  var uses: [String]
  /// Modules that its files may import.
  var imports: [String] = []
  /// May read the machine's clock; what it reads must stay out of results.
  var readsClock = false
}

/// The folders in the order in which data meets them. To let a folder use another, change this table and say why.
let folderTable: [FolderRule] = [
  FolderRule(name: "Units", uses: []),
  FolderRule(name: "Storage", uses: []),
  FolderRule(name: "Configuration", uses: ["Units"], imports: ["Foundation"]),
  FolderRule(name: "Workload", uses: ["Units", "Configuration"], imports: ["Foundation"]),
  FolderRule(name: "Cost", uses: ["Units", "Configuration"], imports: ["Foundation"]),
  // Times of random faults are drawn as those of arrivals are.
  FolderRule(name: "Faults", uses: ["Units", "Configuration", "Workload"]),
  FolderRule(name: "Memory", uses: ["Units", "Storage", "Configuration"], imports: collections),
  FolderRule(name: "Network", uses: ["Units", "Storage", "Configuration"], imports: collections),
  // A scheduler decides without knowing what a decision costs.
  FolderRule(
    name: "Scheduling", uses: ["Units", "Storage", "Configuration", "Workload", "Memory"],
    imports: collections),
  // The only folder that knows that Lua exists; the host time of hooks is for the console.
  FolderRule(
    name: "Policy",
    uses: ["Units", "Configuration", "Workload", "Cost", "Memory", "Network", "Scheduling"],
    imports: ["CLua", "Foundation"], readsClock: true),
  FolderRule(
    name: "Simulation",
    uses: [
      "Units", "Storage", "Configuration", "Workload", "Cost", "Faults", "Memory", "Network",
      "Scheduling", "Policy", "Metrics",
    ],
    imports: collections),
  // A loop of its own on the engine's blocks, costs and records: see docs/compat.md.
  FolderRule(
    name: "LLMServingSim",
    uses: [
      "Units", "Configuration", "Workload", "Cost", "Memory", "Simulation", "Metrics",
    ],
    imports: collections),
  // Samples are gathered where requests end, in the hottest loop.
  FolderRule(
    name: "Metrics", uses: ["Units", "Storage", "Configuration"], imports: ["Foundation"]),
  // Files that are being written are known to all threads: a signal removes them.
  FolderRule(
    name: "Output", uses: ["Units", "Configuration", "Policy", "Metrics"],
    imports: ["Foundation", "Synchronization"]),
  // A page from the files of runs: knows what is in a file, and nothing of how it came there.
  FolderRule(
    name: "Report", uses: ["Units", "Configuration", "Metrics", "Output"],
    imports: ["Foundation"]),
  // Reads measured runs as a trace is read, simulates them, and compares.
  FolderRule(
    name: "Validation",
    uses: [
      "Units", "Configuration", "Workload", "Cost", "Policy", "Simulation", "Metrics", "Output",
    ],
    imports: ["Foundation"]),
]

private let collections = ["DequeModule", "HeapModule"]

/// Words that stand for something a simulation must not do.
enum ForbiddenWords {
  /// The time of the host.
  static let clocks: Set = [
    "ContinuousClock", "SuspendingClock", "Date", "DispatchTime", "DispatchWallTime",
    "clock_gettime", "gettimeofday", "CFAbsoluteTimeGetCurrent",
  ]
  /// Randomness without a seed, the environment, the locale, and talking or leaving on one's own.
  static let everywhere: Set = [
    "SystemRandomNumberGenerator", "arc4random", "drand48", "UUID", "ProcessInfo", "getenv",
    "Locale", "TimeZone", "print", "debugPrint", "exit", "abort",
  ]
  /// Members that draw from the system's generator unless they are told which to use.
  static let unseeded: Set = ["random", "randomElement", "shuffle", "shuffled"]
}
