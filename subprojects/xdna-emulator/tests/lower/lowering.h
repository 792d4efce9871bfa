// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "emulator/lower.h"

namespace npuwhisper::emu::test {

/// Lowers `text` to a design. A refusal fails the test with its message.
Design lowered(const std::string& text);

/// Returns the message of the refusal of `text`. Fails the test if `text` is accepted.
std::string refusal(const std::string& text);

/// Returns `aie.device(TARGET) { BODY }`.
std::string device(const std::string& body, const std::string& target = "npu1");

/// Returns the design's routes except the routes of task-complete tokens to the host.
std::vector<Route> data_routes(const Design& design);

const Buffer* find_buffer(const Design& design, const std::string& name);
const Lock* find_lock(const Design& design, const std::string& name);
const DmaChannel* find_channel(const Design& design, npu::TileId tile, bool mm2s, int channel);
const npu::BufferDescriptor* find_descriptor(const Design& design, npu::TileId tile, int id);
const Core* find_core(const Design& design, npu::TileId tile);

/// Returns the descriptors of a channel's first task in order, until the chain ends or repeats.
std::vector<npu::BufferDescriptor> chain(const Design& design, npu::TileId tile, bool mm2s,
                                         int channel);

}  // namespace npuwhisper::emu::test
