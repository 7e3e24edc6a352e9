import ArgumentParser
import Engine
import Foundation

extension PolicyCommand {
  /// `simhost policy new`: a file to start from.
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write NAME.lua, a commented policy to start from.",
      discussion: """
        EXAMPLE
          simhost policy new my_policy
        """)

    @Argument(help: "Name of the policy: letters, digits and _.") var name: String

    func validate() throws {
      let isWord = name.utf8.allSatisfy {
        $0 == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
      }
      guard isWord, !name.isEmpty, name.utf8.count <= 60 else {
        throw ValidationError(
          "'\(name)': a name has 1 to 60 letters, digits and _, such as my_policy")
      }
    }

    func run() throws {
      let path = "\(name).lua"
      guard !FileManager.default.fileExists(atPath: path) else {
        throw OutputError(path: path, problem: "is there already, and stays as it is")
      }
      do {
        try Self.text.replacing("NAME", with: name)
          .write(toFile: path, atomically: true, encoding: .utf8)
      } catch {
        throw OutputError(path: path, problem: "cannot be written")
      }
      print(
        """
        wrote \(path). Next:
          simhost policy check \(path)
          simhost --policy \(path)
        """)
    }

    static let text = """
      -- What NAME does, in a sentence; and when it should win.
      --
      -- The guide is docs/policies.md: hooks, what they may return, and every field of the views.

      ---@type simhost.Policy
      return {
        api = 1,
        name = "NAME",
        version = "0.1.0",
        description = "Send each request to the instance with the lowest score.",
        -- author = "You", licence = "Apache-2.0",

        -- Set them with --param weight=3; read them as cluster.params.weight.
        params = {
          weight = { type = "number", default = 4, min = 0, help = "how many running requests a waiting one equals" },
        },

        -- Asked for every prompt and, since there is no route_decode here, for decoding too.
        -- Return one of the candidates, or nil to wait until an instance changes.
        route = function(_, candidates, cluster)
          local weight = cluster.params.weight
          local best, best_score
          for i = 1, #candidates do
            local c = candidates[i]
            local score = weight * c.waiting_count + c.running_count
            if not best or score < best_score then best, best_score = c, score end
          end
          return best
        end,

        -- Other hooks; each that is left out is the engine's default and costs nothing:
        -- admit = function(request, cluster) return true end, -- or false, "reason"; or "defer", seconds
        -- route_decode = function(request, candidates, cluster) end,
        -- batch = function(instance, step, cluster) return { order = "sjf" } end,
        -- on_finish = function(request, cluster) end,
      }

      """
  }
}
