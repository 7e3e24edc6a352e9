// swift-tools-version: 6.0

import PackageDescription

let package = Package(
  name: "simhost",
  products: [
    .executable(name: "simhost", targets: ["SimHost"]),
    .library(name: "Engine", targets: ["Engine"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    // The only target that includes a Lua header. Debian's liblua5.4-dev brings no pkg-config
    // dependency along, so the library is named directly and linked statically.
    .target(
      name: "CLua",
      linkerSettings: [
        .linkedLibrary(":liblua5.4.a"), .linkedLibrary("m"), .linkedLibrary("dl"),
        .linkedLibrary("pthread"),
      ]),
    .target(
      name: "Engine",
      dependencies: [
        "CLua",
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      exclude: ["README.md"]),
    // What sweeps write besides CSV. Linked statically too: the program needs nothing at run time.
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .executableTarget(
      name: "SimHost",
      dependencies: [
        "Engine", "CSQLite",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      linkerSettings: [.linkedLibrary(":libsqlite3.a"), .linkedLibrary("m")]),
    .testTarget(name: "EngineTests", dependencies: ["Engine"]),
    .testTarget(name: "PolicyTests", dependencies: ["Engine"]),
    .testTarget(name: "SimHostTests", dependencies: ["SimHost", "Engine", "CSQLite"]),
    .testTarget(name: "ArchitectureTests"),
  ],
  swiftLanguageModes: [.v6]
)
