extension SummaryJSON {
  /// Cached prefixes that were copied. Only of runs that had any copied.
  func write(_ replication: ReplicationTotals, to json: inout JSONWriter) {
    json.object("replication") { json in
      json.field("begun", replication.begun)
      json.field("finished", replication.finished)
      json.field("aborted", replication.aborted)
      json.field("tokens", replication.tokens)
      json.field("bytes", Int(replication.bytes))
    }
  }

  /// Decoding requests that were moved. Only of runs that moved any.
  func write(_ migration: MigrationTotals, to json: inout JSONWriter) {
    json.object("migration") { json in
      json.field("begun", migration.begun)
      json.field("finished", migration.finished)
      json.object("aborted") { json in
        for (reason, count) in migration.reasons { json.field(reason.rawValue, count) }
      }
      json.field("stages", migration.stages)
      json.field("bytes", Int(migration.bytes))
      for (statistic, value) in Distribution.statistics {
        json.field("\(statistic)_downtime_ms", migration.downtime?[keyPath: value])
      }
    }
  }
}
