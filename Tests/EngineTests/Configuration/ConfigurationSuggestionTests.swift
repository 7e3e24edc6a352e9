import Testing

@testable import Engine

@Suite struct ConfigurationSuggestionTests {
  @Test(arguments: [
    ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3),
    ("route_decode", "rout_decode", 1), ("ab", "ba", 1), ("flaw", "lawn", 2),
  ])
  func countsEdits(a: String, b: String, distance: Int) {
    #expect(Suggestion.editDistance(Array(a.utf8), Array(b.utf8)) == distance)
    #expect(Suggestion.editDistance(Array(b.utf8), Array(a.utf8)) == distance)
  }

  @Test func suggestsWhatIsNearAndNothingElse() {
    let keys = ["tp_size", "pp_size", "ep_size", "max_num_seqs"]
    #expect(Suggestion.didYouMean("tpsize", among: keys) == "did you mean tp_size?")
    #expect(Suggestion.didYouMean("TP-Size", among: keys) == "did you mean tp_size?")
    #expect(Suggestion.closest(to: "max_seqs", among: keys) == "max_num_seqs")
    #expect(Suggestion.closest(to: "hardware", among: keys) == nil)
    #expect(Suggestion.closest(to: "", among: keys) == nil)
    #expect(Suggestion.closest(to: String(repeating: "x", count: 1_000_000), among: keys) == nil)
    // Ties go to the first.
    #expect(Suggestion.closest(to: "xp_size", among: keys) == "tp_size")
  }
}
