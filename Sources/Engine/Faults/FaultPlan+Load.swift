extension FaultPlan {
  /// Adds a fault as `--fault` gives it.
  public mutating func add(_ text: String, in cluster: ClusterSpec) throws(InputError) {
    var reader = FaultText(text, cluster, origin: InputError(file: "--fault", problem: ""))
    faults.append(try reader.fault())
  }

  /// Adds what `--random-faults` gives.
  public mutating func addRandom(_ text: String) throws(InputError) {
    random.append(
      try RandomFaults(text, origin: InputError(file: "--random-faults", problem: "")))
  }

  /// Adds the faults of a file: `{ "faults": ["t=30s kill decode/1 for 60s"], "random": ["kill:every=300s,for=30s"] }`.
  public mutating func add(file path: String, in cluster: ClusterSpec) throws(InputError) {
    try add(JSONDocument(path: path), in: cluster)
  }

  /// As `add(file:in:)`, from bytes; `file` is for messages.
  public mutating func add(_ bytes: [UInt8], file: String, in cluster: ClusterSpec)
    throws(InputError)
  {
    try add(JSONDocument(bytes: bytes, file: file), in: cluster)
  }

  private mutating func add(_ document: JSONDocument, in cluster: ClusterSpec) throws(InputError) {
    let root = try document.root.object(keys: ["note", "faults", "random"])
    _ = try root.present("note")?.string()
    for node in try root.present("faults")?.array() ?? [] {
      var reader = FaultText(try node.string(), cluster, origin: node.error(""))
      faults.append(try reader.fault())
    }
    for node in try root.present("random")?.array() ?? [] {
      random.append(try RandomFaults(try node.string(), origin: node.error("")))
    }
  }
}
