// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lowering.h"

#include <set>

#include <gtest/gtest.h>

#include "../keep_design.h"

namespace npuwhisper::emu::test {

Design lowered(const std::string& text) {
  keep_design(text);
  Result<Design> design = lower(text);
  EXPECT_TRUE(design) << (design ? "" : design.error().message);
  return design ? std::move(*design) : Design{};
}

std::string refusal(const std::string& text) {
  keep_design(text);
  const Result<Design> design = lower(text);
  EXPECT_FALSE(design) << "not refused: " << text;
  return design ? "" : design.error().message;
}

std::string device(const std::string& body, const std::string& target) {
  return "aie.device(" + target + ") {\n" + body + "\n}\n";
}

std::vector<Route> data_routes(const Design& design) {
  std::vector<Route> routes;
  for (const Route& route : design.routes) {
    if (route.destinations.at(0).kind != PortKind::South) {
      routes.push_back(route);
    }
  }
  return routes;
}

const Buffer* find_buffer(const Design& design, const std::string& name) {
  for (const Buffer& buffer : design.buffers) {
    if (buffer.name == name) {
      return &buffer;
    }
  }
  ADD_FAILURE() << "no buffer " << name;
  return nullptr;
}

const Lock* find_lock(const Design& design, const std::string& name) {
  for (const Lock& lock : design.locks) {
    if (lock.name == name) {
      return &lock;
    }
  }
  ADD_FAILURE() << "no lock " << name;
  return nullptr;
}

const DmaChannel* find_channel(const Design& design, npu::TileId tile, bool mm2s, int channel) {
  for (const DmaChannel& one : design.channels) {
    if (one.tile == tile && one.mm2s == mm2s && one.channel == channel) {
      return &one;
    }
  }
  return nullptr;
}

const npu::BufferDescriptor* find_descriptor(const Design& design, npu::TileId tile, int id) {
  for (const TileDescriptor& one : design.descriptors) {
    if (one.tile == tile && one.id == id) {
      return &one.descriptor;
    }
  }
  return nullptr;
}

const Core* find_core(const Design& design, npu::TileId tile) {
  for (const Core& core : design.cores) {
    if (core.tile == tile) {
      return &core;
    }
  }
  ADD_FAILURE() << "no core";
  return nullptr;
}

std::vector<npu::BufferDescriptor> chain(const Design& design, npu::TileId tile, bool mm2s,
                                         int channel) {
  std::vector<npu::BufferDescriptor> descriptors;
  const DmaChannel* found = find_channel(design, tile, mm2s, channel);
  if (found == nullptr || found->starts.empty()) {
    ADD_FAILURE() << "no task on the channel";
    return descriptors;
  }
  std::set<int> seen;
  int id = found->starts[0].first_descriptor;
  while (seen.insert(id).second) {
    const npu::BufferDescriptor* descriptor = find_descriptor(design, tile, id);
    if (descriptor == nullptr) {
      ADD_FAILURE() << "no descriptor " << id;
      break;
    }
    descriptors.push_back(*descriptor);
    if (!descriptor->use_next) {
      break;
    }
    id = static_cast<int>(descriptor->next);
  }
  return descriptors;
}

}  // namespace npuwhisper::emu::test
