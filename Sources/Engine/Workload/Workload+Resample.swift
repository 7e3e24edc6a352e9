/// Other samples of the traffic that a trace is one sample of.
extension Workload {
  /// The trace with its gaps and its requests dealt anew: the same requests at other moments, in another order.
  ///
  /// Gaps between arrivals, and requests (sessions as one), are cut into blocks of ⌈n^⅓⌉ consecutive ones, and each kind of
  /// block is shuffled on its own. So bursts stay bursts and runs of like requests stay together, while who meets whom
  /// changes. Number and span of the requests stay what they are, and no prompt is there twice. A rate that changes over the
  /// trace as a whole is evened out.
  ///
  /// Source of the blocks: Künsch 1989, https://doi.org/10.1214/aos/1176347265, here without replacement.
  ///
  /// - Parameter arrivals: draws arrivals from this process instead; nil deals the trace's own gaps.
  /// - Parameter least: with `arrivals`, the requests are dealt again and again until there are this many; not for sessions.
  /// - Returns: the sample, and for each of its requests its index in the trace.
  /// - Throws: where the rate is too low for so many requests.
  public func resampled(
    seed: UInt64, arrivals: ArrivalProcess? = nil, least: Int = 0
  ) throws(InputError) -> (workload: Workload, origins: ContiguousArray<Int32>) {
    let heads = requests.indices.filter { !requests[$0].followsPrevious }
    var sample = self
    guard let first = heads.first else { return (sample, []) }
    var dealing = RandomStream(seed: seed, name: "workload resampling")

    let times = heads.map { requests[$0].arrival }
    var gaps = zip(times, times.dropFirst()).map { $1 - $0 }
    gaps = Self.dealt(gaps, &dealing)
    let order = Self.dealt(Array(heads.indices), &dealing)

    var origins = ContiguousArray<Int32>()
    origins.reserveCapacity(requests.count)
    var arrival = requests[first].arrival
    for (place, head) in order.enumerated() {
      if place > 0 { arrival = arrival + gaps[place - 1] }
      let end = head + 1 < heads.count ? heads[head + 1] : requests.count
      for index in heads[head]..<end {
        sample.requests[origins.count] = requests[index]
        sample.requests[origins.count].arrival = arrival
        origins.append(Int32(index))
      }
    }
    if arrivals != nil, origins.count < least {
      guard heads.count == requests.count else {
        throw InputError(
          file: source, problem: "has sessions, which cannot be repeated",
          expected: "a trace with more of them")
      }
      while origins.count < least {
        for head in Self.dealt(Array(heads.indices), &dealing).prefix(least - origins.count) {
          sample.requests.append(requests[head])
          origins.append(Int32(head))
        }
      }
    }
    if let arrivals { try sample.replaceArrivals(arrivals, seed: seed, file: source) }
    return (sample, origins)
  }

  /// The same elements, in blocks that are shuffled. Where the first block begins is drawn too.
  private static func dealt<Element>(_ elements: [Element], _ random: inout RandomStream)
    -> [Element]
  {
    guard elements.count > 1 else { return elements }
    var length = 1
    while length * length * length < elements.count { length += 1 }
    let offset = random.nextIndex(below: elements.count)
    let turned = elements[offset...] + elements[..<offset]
    let starts = Array(stride(from: turned.startIndex, to: turned.endIndex, by: length))
      .shuffled(using: &random)
    return starts.flatMap { turned[$0..<min($0 + length, turned.endIndex)] }
  }
}
