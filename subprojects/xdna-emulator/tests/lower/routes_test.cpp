// SPDX-License-Identifier: LGPL-2.1-or-later
// Flows with the same source are merged. A flow is refused if the stream switches have no port
// left.
#include <gtest/gtest.h>

#include "lowering.h"

namespace npuwhisper::emu {
namespace {

using test::data_routes;
using test::device;
using test::lowered;
using test::refusal;

const std::string kTiles =
    "%s0 = aie.tile(0, 0)\n%s1 = aie.tile(1, 0)\n%m0 = aie.tile(0, 1)\n%m1 = aie.tile(1, 1)\n"
    "%c2 = aie.tile(0, 2)\n%c3 = aie.tile(0, 3)\n%c4 = aie.tile(0, 4)\n%d2 = aie.tile(1, 2)\n"
    "%d3 = aie.tile(1, 3)\n";

struct Refused {
  std::string body;
  std::string message;
};

void expect_refused(const std::vector<Refused>& cases) {
  for (const Refused& one : cases) {
    const std::string message = refusal(device(kTiles + one.body));
    EXPECT_NE(message.find(one.message), std::string::npos) << one.body << message;
    EXPECT_EQ(message.find("line "), 0u) << message;
  }
}

TEST(Flows, FromOneSourceAreOneBroadcast) {
  const Design design = lowered(device(kTiles + "aie.flow(%s0, DMA : 0, %c2, DMA : 0)\n"
                                                "aie.flow(%s0, DMA : 0, %c3, DMA : 1)\n"
                                                "aie.flow(%s0, DMA : 1, %c3, DMA : 0)\n"));
  ASSERT_EQ(data_routes(design).size(), 2u);
  EXPECT_EQ(design.routes[0].source, (Port{{0, 0}, PortKind::Dma, 0}));
  EXPECT_EQ(design.routes[0].destinations,
            (std::vector<Port>{{{0, 2}, PortKind::Dma, 0}, {{0, 3}, PortKind::Dma, 1}}));
  EXPECT_FALSE(design.routes[0].packet_id);
}

TEST(Flows, OfCoresTracesAndTokens) {
  const Design design =
      lowered(device(kTiles + "aie.flow(%c2, Core : 0, %c3, Core : 0)\n"
                              "aie.flow(%c4, Trace : 0, %s1, DMA : 0)\n"
                              "aie.packet_flow(15) {\naie.packet_source<%m0, TileControl "
                              ": 0>\naie.packet_dest<%s0, South : 0>\n}\n"));
  ASSERT_EQ(design.routes.size(), 5u) << "the last two are of the tokens of %s0 and %s1";
  EXPECT_EQ(design.routes[0].source.kind, PortKind::Core);
  EXPECT_EQ(design.routes[1].source.kind, PortKind::Trace);
  EXPECT_EQ(design.routes[2].source.kind, PortKind::Control);
  EXPECT_EQ(design.routes[2].destinations[0].kind, PortKind::South);
  EXPECT_EQ(design.routes[2].packet_id, 15);
}

/// Returns the routes of task-complete tokens to the host, as "tile to shim: id".
std::vector<std::string> token_routes(const Design& design) {
  std::vector<std::string> routes;
  for (const Route& route : design.routes) {
    if (route.destinations.at(0).kind == PortKind::South) {
      EXPECT_EQ(route.source.kind, PortKind::Control);
      EXPECT_EQ(route.destinations[0].channel, 0);
      const npu::TileId from = route.source.tile;
      const npu::TileId to = route.destinations[0].tile;
      routes.push_back(std::to_string(from.column) + "," + std::to_string(from.row) + " to " +
                       std::to_string(to.column) + "," + std::to_string(to.row) + ": " +
                       std::to_string(route.packet_id.value_or(-1)));
    }
  }
  return routes;
}

/// Returns a packet flow from the control port of `tile` to the host port of the shim %s0.
std::string token_flow(const std::string& tile, int id) {
  return "aie.packet_flow(" + std::to_string(id) + ") {\naie.packet_source<" + tile +
         ", TileControl : 0>\naie.packet_dest<%s0, South : 0>\n} {keep_pkt_header = true}\n";
}

// aiecc adds the route of each declared shim. Its id is 15 unless the text gives another.
TEST(TokenRoutes, OfShimsAreAdded) {
  using Routes = std::vector<std::string>;
  EXPECT_EQ(token_routes(lowered(device(kTiles))), (Routes{"0,0 to 0,0: 15", "1,0 to 1,0: 15"}));
  const std::string shim =
      "%s0 = aie.tile(0, 0) {controller_id = #aie.packet_info<pkt_type = 0, "
      "pkt_id = 3>}\n";
  EXPECT_EQ(token_routes(lowered(device(shim))), (Routes{"0,0 to 0,0: 3"}));
  EXPECT_EQ(token_routes(lowered(device("%c2 = aie.tile(0, 2)\n"))), Routes{});
}

TEST(TokenRoutes, OfTheTextAreKept) {
  using Routes = std::vector<std::string>;
  const std::string tiles = "%s0 = aie.tile(0, 0)\n%m0 = aie.tile(0, 1)\n";
  EXPECT_EQ(token_routes(lowered(device(tiles + token_flow("%s0", 15)))),
            (Routes{"0,0 to 0,0: 15"}));
  EXPECT_EQ(token_routes(lowered(device(tiles + token_flow("%s0", 4) + token_flow("%m0", 26)))),
            (Routes{"0,0 to 0,0: 4", "0,1 to 0,0: 26", "0,0 to 0,0: 15"}));
}

TEST(Flows, PacketsShareSourcesAndDestinations) {
  const Design design = lowered(device(
      kTiles +
      "aie.packet_flow(1) {\naie.packet_source<%s0, DMA : 0>\naie.packet_dest<%c2, DMA : 0>\n}\n"
      "aie.packet_flow(2) {\naie.packet_source<%s0, DMA : 0>\naie.packet_dest<%c3, DMA : 0>\n} "
      "{keep_pkt_header = true}\n"
      "aie.packet_flow(3) {\naie.packet_source<%d2, DMA : 0>\naie.packet_dest<%c2, DMA : 0>\n}\n"));
  ASSERT_EQ(data_routes(design).size(), 3u);
  EXPECT_FALSE(design.routes[0].keep_packet_header);
  EXPECT_TRUE(design.routes[1].keep_packet_header);
  EXPECT_EQ(design.routes[1].packet_id, 2);
}

TEST(Flows, CascadesGoSouthOrEast) {
  const Design design =
      lowered(device(kTiles + "aie.cascade_flow(%c3, %c2)\naie.cascade_flow(%c2, %d2)\n"));
  ASSERT_EQ(data_routes(design).size(), 2u);
  EXPECT_EQ(design.routes[0].source, (Port{{0, 3}, PortKind::Cascade, 0}));
  EXPECT_EQ(design.routes[1].destinations[0], (Port{{1, 2}, PortKind::Cascade, 0}));
  expect_refused({
      {"aie.cascade_flow(%c2, %c3)\n", "output direction of cascade must be South or East"},
      {"aie.cascade_flow(%c2, %c4)\n", "tiles must be adjacent"},
      {"aie.cascade_flow(%c2, %m0)\n", "memTile row has no cascade stream interface"},
      {"aie.cascade_flow(%s0, %s1)\n", "shimTile row has no cascade stream interface"},
  });
}

TEST(Flows, RefusesInvalidPorts) {
  expect_refused({
      {"aie.flow(%s0, DMA : 2, %c2, DMA : 0)\n",
       "tile (0, 0) has 2 DMA output channels, channel 2 is none"},
      {"aie.flow(%m0, DMA : 6, %c2, DMA : 0)\n", "tile (0, 1) has 6 DMA output channels"},
      {"aie.flow(%m0, Core : 0, %c2, DMA : 0)\n", "tile (0, 1) has 0 Core output channels"},
      {"aie.flow(%s0, North : 0, %c2, DMA : 0)\n", "a flow's port of kind 'North'"},
      {"aie.packet_flow(32) {\naie.packet_source<%s0, DMA : 0>\naie.packet_dest<%c2, DMA : 0>\n}\n",
       "32"},
      {"aie.packet_flow(1) {\naie.packet_source<%s0, DMA : 0>\n}\n",
       "must have at least one aie.packet_source and one aie.packet_dest"},
  });
}

TEST(Flows, RefusesTwoFlowsIntoOnePort) {
  expect_refused({
      {"aie.flow(%s0, DMA : 0, %c2, DMA : 0)\naie.flow(%s0, DMA : 1, %c2, DMA : 0)\n",
       "port DMA : 0 of tile (0, 2) is the destination of two flows"},
      {"aie.flow(%s0, DMA : 0, %c2, DMA : 0)\naie.packet_flow(1) {\naie.packet_source<%s0, DMA : "
       "0>\naie.packet_dest<%c3, DMA : 0>\n}\n",
       "is the source of a circuit and of packets"},
  });
}

/// Returns `n` circuits from memory tile (0, 1) upwards, two to each core tile.
std::string upwards(int n) {
  static const char* const kTargets[] = {"%c2, DMA : 0", "%c2, DMA : 1", "%c3, DMA : 0",
                                         "%c3, DMA : 1", "%c4, DMA : 0", "%c4, DMA : 1"};
  std::string flows;
  for (int i = 0; i < n; ++i) {
    flows += "aie.flow(%m0, DMA : " + std::to_string(i) + ", " + kTargets[i] + ")\n";
  }
  return flows;
}

TEST(Routing, SixCircuitsGoNorthFromATile) {
  EXPECT_EQ(data_routes(lowered(device(kTiles + upwards(6)))).size(), 6u);
}

TEST(Routing, RefusesASeventhCircuitNorth) {
  const std::string tiles =
      "%s0 = aie.tile(0, 0)\n%m0 = aie.tile(0, 1)\n%c2 = aie.tile(0, 2)\n%c3 = aie.tile(0, 3)\n"
      "%c4 = aie.tile(0, 4)\n";
  const std::string message =
      refusal(device(tiles + upwards(6) + "aie.flow(%s0, DMA : 0, %c3, Core : 0)\n", "npu1_1col"));
  EXPECT_NE(message.find("no free stream switch ports for the flow from DMA : 0 of tile (0, 0) to "
                         "Core : 0 of tile (0, 3)"),
            std::string::npos)
      << message;
}

TEST(Routing, FourCircuitsGoSouthFromATile) {
  std::string four;
  for (int i = 0; i < 4; ++i) {
    four += "aie.flow(%" + std::string(i < 2 ? "c2" : "c3") + ", DMA : " + std::to_string(i % 2) +
            ", %m0, DMA : " + std::to_string(i) + ")\n";
  }
  const std::string tiles =
      "%m0 = aie.tile(0, 1)\n%c2 = aie.tile(0, 2)\n%c3 = aie.tile(0, 3)\n%c4 = aie.tile(0, 4)\n";
  EXPECT_EQ(data_routes(lowered(device(tiles + four, "npu1_1col"))).size(), 4u);
  const std::string message =
      refusal(device(tiles + four + "aie.flow(%c4, DMA : 0, %m0, DMA : 4)\n", "npu1_1col"));
  EXPECT_NE(message.find("Unable to find a legal routing: no free stream switch ports for the flow "
                         "from DMA : 0 of tile (0, 4) to DMA : 4 of tile (0, 1)"),
            std::string::npos)
      << message;
}

TEST(Routing, PacketsShareALink) {
  std::string flows;
  for (int id = 0; id < 8; ++id) {
    flows += "aie.packet_flow(" + std::to_string(id) +
             ") {\naie.packet_source<%c4, DMA : 0>\naie.packet_dest<%m0, DMA : " +
             std::to_string(id % 6) + ">\n}\n";
  }
  const Design design =
      lowered(device("%m0 = aie.tile(0, 1)\n%c4 = aie.tile(0, 4)\n" + flows, "npu1_1col"));
  EXPECT_EQ(data_routes(design).size(), 8u);
}

TEST(Routing, GoesAroundAFullLink) {
  // The column has no southward ports left for the last flow, so this flow passes through the next
  // column's switches. A memory tile has no ports to its sides, so the flow enters it from the shim
  // below.
  std::string flows;
  for (int i = 0; i < 4; ++i) {
    flows += "aie.flow(%" + std::string(i < 2 ? "c2" : "c3") + ", DMA : " + std::to_string(i % 2) +
             ", %m0, DMA : " + std::to_string(i) + ")\n";
  }
  flows += "aie.flow(%c4, DMA : 0, %m0, DMA : 4)\n";
  EXPECT_EQ(data_routes(lowered(device(kTiles + flows, "npu1_2col"))).size(), 5u);
}

}  // namespace
}  // namespace npuwhisper::emu
