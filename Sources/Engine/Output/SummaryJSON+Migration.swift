extension SummaryJSON {
  /// What tiers of KV blocks did. Only of runs that had some.
  func write(_ tiers: TierTotals, to json: inout JSONWriter) {
    json.object("kv_tiers") { json in
      json.field("written_blocks", tiers.written)
      json.field("spilled_blocks", tiers.spilled)
      json.field("bytes_written", Int(tiers.bytesWritten))
      json.field("loads", tiers.loads)
      json.field("aborted_loads", tiers.aborted)
      json.field("loaded_tokens", tiers.loadedTokens)
      json.field("loaded_tokens_of_ssd", tiers.loadedTokensOfSSD)
      json.field("bytes_loaded", Int(tiers.bytesLoaded))
      json.field("loading_ns", Int(tiers.loading.nanoseconds))
    }
  }

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
