// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stats.h"

#include <memory>
#include <string>
#include <variant>

#include "stream_counters.h"

namespace npuwhisper {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += "; ";
    text += part;
  }
  return text;
}

void set(GstStructure* structure, const char* name, std::uint64_t value) {
  gst_structure_set(structure, name, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

void set(GstStructure* structure, const char* name, std::chrono::nanoseconds value) {
  set(structure, name, static_cast<std::uint64_t>(value.count()));
}

void set(GstStructure* structure, const char* name, const std::string& value) {
  gst_structure_set(structure, name, G_TYPE_STRING, value.c_str(), nullptr);
}

void set(GstStructure* structure, const char* name, double value) {
  gst_structure_set(structure, name, G_TYPE_DOUBLE, value, nullptr);
}

const char* name_of(VadUse vad) {
  switch (vad) {
    case VadUse::On:
      return "on";
    case VadUse::Missing:
      return "missing";
    case VadUse::Off:
      break;
  }
  return "off";
}

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

GstStructure* make_stats(const Engine* engine, std::chrono::nanoseconds load_time,
                         const TranscriberStats& stream, const Counters& counters,
                         const AllocatorUse& memory) {
  // Frees the structure if an exception is thrown, for example because there is no memory for a
  // string.
  const auto free = [](GstStructure* structure) { gst_structure_free(structure); };
  std::unique_ptr<GstStructure, decltype(free)> owned(
      gst_structure_new_empty("application/x-npuwhisper-stats"), free);
  GstStructure* stats = owned.get();
  set(stats, "device", engine != nullptr ? engine->device().name : std::string());
  set(stats, "kernels", engine != nullptr ? joined(engine->device().kernels) : std::string());
  set(stats, "alignment-heads",
      std::string(engine == nullptr               ? ""
                  : engine->has_alignment_heads() ? "known"
                                                  : "unknown"));
  set(stats, "vad", std::string(name_of(stream.vad)));
  TranscriberStats total = stream;
  total.bytes_copied += counters.bytes_copied;
  for (const StreamCounter& counter : kStreamCounters) {
    std::visit([&](const auto member) { set(stats, counter.name, total.*member); }, counter.member);
  }
  set(stats, "load-time", load_time);
  set(stats, "mel-ms", milliseconds(stream.mel_time));
  set(stats, "encoder-ms", milliseconds(stream.encode_time));
  set(stats, "decoder-ms",
      milliseconds(stream.prompt_time + stream.decode_time + stream.align_time));
  const DeviceStats device = engine != nullptr ? engine->device_stats() : DeviceStats();
  set(stats, "npu-calls", device.calls);
  set(stats, "npu-utilisation", device.utilisation());
  set(stats, "dma-syncs", device.dma_syncs);
  set(stats, "bytes-to-device", device.bytes_to_device);
  set(stats, "bytes-from-device", device.bytes_from_device);
  set(stats, "pool-buffers", counters.pool_buffers);
  set(stats, "device-buffers", counters.device_buffers);
  set(stats, "copied-buffers", counters.copied_buffers);
  set(stats, "pool-hits", memory.hits);
  set(stats, "pool-misses", memory.misses);
  set(stats, "dropped-samples", counters.dropped_samples);
  set(stats, "audio-dropped-samples", counters.audio_dropped_samples);
  set(stats, "dropped-events", counters.dropped_events);
  set(stats, "replaced-partial-results", counters.replaced_partial_results);
  set(stats, "dropped-results", counters.dropped_results);
  set(stats, "stalls", counters.stalls);
  set(stats, "gaps", counters.gaps);
  set(stats, "cues", counters.cues);
  return owned.release();
}

}  // namespace npuwhisper
