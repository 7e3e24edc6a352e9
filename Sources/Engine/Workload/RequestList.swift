/// Requests in their order: 16 bytes each as long as none has details, 48 from the first on that has.
///
/// Most traces are lengths and moments, by the million, and a run holds them from beginning to end.
public struct RequestList: Sendable {
  fileprivate struct Lengths: Sendable {
    var arrival: SimTime
    var promptTokens: Int32
    var outputTokens: Int32

    @inline(__always)
    init(_ request: WorkloadRequest) {
      arrival = request.arrival
      promptTokens = request.promptTokens
      outputTokens = request.outputTokens
    }
  }
  private var lengths: ContiguousArray<Lengths> = []
  /// Of each request, or of none.
  private var details: ContiguousArray<RequestDetails> = []

  public init() {}

  /// The requests without counting references, for as long as this list lives and stays as it is.
  func borrow() -> BorrowedRequests {
    BorrowedRequests(
      lengths: lengths.withUnsafeBufferPointer { $0 },
      details: details.isEmpty ? nil : details.withUnsafeBufferPointer { $0.baseAddress })
  }

  /// Gives each request a place for its details.
  private mutating func makeDetails() {
    details.reserveCapacity(lengths.capacity)
    details.append(contentsOf: repeatElement(RequestDetails(), count: lengths.count))
  }
}

extension RequestList: RandomAccessCollection, MutableCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { lengths.count }

  public subscript(place: Int) -> WorkloadRequest {
    @inline(__always) get {
      let known = lengths[place]
      return request(known, details.isEmpty ? RequestDetails() : details[place])
    }
    set {
      lengths[place] = Lengths(newValue)
      if details.isEmpty {
        if newValue.details == RequestDetails() { return }
        makeDetails()
      }
      details[place] = newValue.details
    }
  }
}

extension RequestList: RangeReplaceableCollection, ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: WorkloadRequest...) { self.init(elements) }

  public mutating func reserveCapacity(_ count: Int) {
    lengths.reserveCapacity(count)
    if !details.isEmpty { details.reserveCapacity(count) }
  }

  public mutating func append(_ request: WorkloadRequest) {
    let isPlain = request.details == RequestDetails()
    if !isPlain, details.isEmpty { makeDetails() }
    if !isPlain || !details.isEmpty { details.append(request.details) }
    lengths.append(Lengths(request))
  }

  public mutating func replaceSubrange(
    _ range: Range<Int>, with requests: some Collection<WorkloadRequest>
  ) {
    let arePlain = requests.allSatisfy { $0.details == RequestDetails() }
    if !arePlain, details.isEmpty { makeDetails() }
    if !arePlain || !details.isEmpty {
      details.replaceSubrange(range, with: requests.map(\.details))
    }
    lengths.replaceSubrange(range, with: requests.map { Lengths($0) })
  }
}

extension RequestList: Equatable {
  /// Whether the requests are the same, however they are held.
  public static func == (a: Self, b: Self) -> Bool { a.elementsEqual(b) }
}

/// The requests of a list that someone else keeps: read without counting references, since runs side by side share them,
/// and a counter that two cores write slows both down.
struct BorrowedRequests {
  fileprivate let lengths: UnsafeBufferPointer<RequestList.Lengths>
  fileprivate let details: UnsafePointer<RequestDetails>?

  var count: Int { lengths.count }
  var indices: Range<Int> { lengths.indices }

  @inline(__always)
  subscript(place: Int) -> WorkloadRequest {
    request(lengths[place], details?[place] ?? RequestDetails())
  }
}

@inline(__always)
private func request(_ known: RequestList.Lengths, _ details: RequestDetails) -> WorkloadRequest {
  WorkloadRequest(
    arrival: known.arrival, promptTokens: known.promptTokens, outputTokens: known.outputTokens,
    details: details)
}
