// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio_allocator.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace {

constexpr gsize kAlignment = 64;          // Size of a cache line and of an AVX-512 register.
constexpr gsize kGranule = 4096;          // Block sizes are multiples of this number.
constexpr gsize kMaxIdleBytes = 8 << 20;  // Limit of memory kept for reuse.

// The state of an allocator: the unused blocks by size, the counters and the ring. Thread-safe.
class AllocatorState {
 public:
  ~AllocatorState() {
    for (auto& [size, blocks] : blocks_) {
      for (void* block : blocks) std::free(block);
    }
  }

  void* take(gsize size) {
    {
      const std::scoped_lock lock(mutex_);
      if (const auto found = blocks_.find(size); found != blocks_.end() && !found->second.empty()) {
        void* block = found->second.back();
        found->second.pop_back();
        idle_bytes_ -= size;
        ++use_.hits;
        return block;
      }
      ++use_.misses;
    }
    return std::aligned_alloc(kAlignment, size);
  }

  npuwhisper::AllocatorUse use() {
    const std::scoped_lock lock(mutex_);
    return use_;
  }

  void set_ring(std::shared_ptr<npuwhisper::AudioRing> ring) {
    const std::scoped_lock lock(mutex_);
    ring_.swap(ring);  // The old ring is destroyed after the mutex is unlocked.
    is_promised_ = false;
  }
  void offer_ring(std::shared_ptr<npuwhisper::AudioRing> ring) {
    const std::scoped_lock lock(mutex_);
    if (ring_ == nullptr) ring_.swap(ring);
  }
  void promise_ring() {
    const std::scoped_lock lock(mutex_);
    is_promised_ = true;
  }
  bool is_promised() {
    const std::scoped_lock lock(mutex_);
    return is_promised_;
  }
  std::shared_ptr<npuwhisper::AudioRing> ring() {
    const std::scoped_lock lock(mutex_);
    return ring_;
  }

  void give(void* block, gsize size) {
    {
      const std::scoped_lock lock(mutex_);
      if (idle_bytes_ + size <= kMaxIdleBytes) {
        blocks_[size].push_back(block);
        idle_bytes_ += size;
        return;
      }
    }
    std::free(block);
  }

 private:
  std::mutex mutex_;
  std::map<gsize, std::vector<void*>> blocks_;
  gsize idle_bytes_ = 0;
  npuwhisper::AllocatorUse use_;
  std::shared_ptr<npuwhisper::AudioRing> ring_;
  bool is_promised_ = false;
};

// The header at the start of a block. The samples are aligned and follow the header, or they are a
// slice of the ring. A part of another memory (gst_memory_share) is a header without a block. A
// part keeps its parent alive.
struct AudioMemory {
  GstMemory memory;
  gsize block_size = 0;  // Size of the block in bytes; 0 for a part of another memory.
  guint8* data = nullptr;
  std::shared_ptr<npuwhisper::AudioRing> ring{};
  std::span<const std::int16_t> slice{};
};

constexpr gsize kHeaderBytes = (sizeof(AudioMemory) + kAlignment - 1) / kAlignment * kAlignment;

struct AudioAllocator {
  GstAllocator parent;
  AllocatorState* state;
};
struct AudioAllocatorClass {
  GstAllocatorClass parent_class;
};

G_DEFINE_TYPE(AudioAllocator, npuwhisper_audio_allocator, GST_TYPE_ALLOCATOR)

AllocatorState& state_of(GstAllocator* allocator) {
  return *reinterpret_cast<AudioAllocator*>(allocator)->state;
}

AudioMemory* audio_memory(GstMemory* memory) {
  return reinterpret_cast<AudioMemory*>(memory);
}
const AudioMemory* audio_memory(const GstMemory* memory) {
  return reinterpret_cast<const AudioMemory*>(memory);
}

// Allocates a slice of the ring. Returns nullptr if there is no ring or no memory, if the ring is
// full, or if the ring cannot serve the request (alignment, prefix, padding, odd size).
GstMemory* alloc_in_ring(GstAllocator* allocator, gsize size, const GstAllocationParams& params) {
  auto ring = state_of(allocator).ring();
  const bool fits = params.align <= npuwhisper::kRingAlign && params.prefix == 0 &&
                    params.padding == 0 && size % sizeof(std::int16_t) == 0 && size > 0;
  if (ring == nullptr || !fits) return nullptr;
  void* header = state_of(allocator).take(kHeaderBytes);
  if (header == nullptr) return nullptr;
  const std::span<std::int16_t> slice = ring->acquire(size / sizeof(std::int16_t));
  if (slice.empty()) {
    state_of(allocator).give(header, kHeaderBytes);
    return nullptr;
  }
  auto* memory = new (header) AudioMemory{};
  memory->block_size = kHeaderBytes;
  memory->data = reinterpret_cast<guint8*>(slice.data());
  memory->ring = std::move(ring);
  memory->slice = slice;
  gst_memory_init(&memory->memory, params.flags, allocator, nullptr, size, npuwhisper::kRingAlign,
                  0, size);
  return &memory->memory;
}

GstMemory* alloc_in_block(GstAllocator* allocator, gsize size, const GstAllocationParams& params) {
  const gsize align = std::max(params.align, kAlignment - 1);
  if (align + 1 > kGranule) return nullptr;  // Audio needs no alignment beyond a page.
  const gsize max_size = params.prefix + size + params.padding;
  const gsize wanted = kHeaderBytes + max_size + (align + 1 - kAlignment);
  const gsize block_size = (wanted + kGranule - 1) / kGranule * kGranule;

  void* block = state_of(allocator).take(block_size);
  if (block == nullptr) return nullptr;
  auto* memory = new (block) AudioMemory{};
  memory->block_size = block_size;
  const auto after_header = reinterpret_cast<guintptr>(block) + kHeaderBytes;
  memory->data = reinterpret_cast<guint8*>((after_header + align) & ~align);
  gst_memory_init(&memory->memory, params.flags, allocator, nullptr, max_size, align, params.prefix,
                  size);
  if ((params.flags & GST_MEMORY_FLAG_ZERO_PREFIXED) != 0) {
    std::fill_n(memory->data, params.prefix, guint8{0});
  }
  if ((params.flags & GST_MEMORY_FLAG_ZERO_PADDED) != 0) {
    std::fill_n(memory->data + params.prefix + size, params.padding, guint8{0});
  }
  return &memory->memory;
}

GstMemory* allocator_alloc(GstAllocator* allocator, gsize size, GstAllocationParams* params) {
  if (GstMemory* memory = alloc_in_ring(allocator, size, *params)) return memory;
  return alloc_in_block(allocator, size, *params);
}

void allocator_free(GstAllocator* allocator, GstMemory* memory) {
  AudioMemory* own = audio_memory(memory);
  const gsize block_size = own->block_size;
  const auto ring = std::move(own->ring);  // Destroyed last, because it may own the engine.
  if (ring) ring->release(own->slice);
  own->~AudioMemory();
  if (block_size == 0) {
    std::free(memory);
  } else {
    state_of(allocator).give(memory, block_size);
  }
}

gpointer memory_map(GstMemory* memory, gsize, GstMapFlags) {
  return audio_memory(memory)->data;
}

void memory_unmap(GstMemory*) {}

GstMemory* memory_share(GstMemory* memory, gssize offset, gssize size) {
  GstMemory* parent = memory->parent != nullptr ? memory->parent : memory;
  const gsize part_offset = memory->offset + static_cast<gsize>(offset);
  const gsize part_size =
      size < 0 ? memory->size - static_cast<gsize>(offset) : static_cast<gsize>(size);
  void* storage = std::malloc(sizeof(AudioMemory));
  if (storage == nullptr) return nullptr;
  auto* part = new (storage) AudioMemory{};
  part->data = audio_memory(memory)->data;
  const auto flags = static_cast<GstMemoryFlags>(GST_MINI_OBJECT_FLAGS(parent) |
                                                 GST_MINI_OBJECT_FLAG_LOCK_READONLY);
  gst_memory_init(&part->memory, flags, memory->allocator, parent, memory->maxsize, memory->align,
                  part_offset, part_size);
  return &part->memory;
}

void allocator_finalize(GObject* object) {
  delete reinterpret_cast<AudioAllocator*>(object)->state;
  G_OBJECT_CLASS(npuwhisper_audio_allocator_parent_class)->finalize(object);
}

void npuwhisper_audio_allocator_class_init(AudioAllocatorClass* klass) {
  klass->parent_class.alloc = allocator_alloc;
  klass->parent_class.free = allocator_free;
  G_OBJECT_CLASS(klass)->finalize = allocator_finalize;
}

void npuwhisper_audio_allocator_init(AudioAllocator* self) {
  self->state = new AllocatorState;
  GstAllocator* allocator = &self->parent;
  allocator->mem_type = "NpuWhisperAudio";
  allocator->mem_map = memory_map;
  allocator->mem_unmap = memory_unmap;
  allocator->mem_share = memory_share;
}

}  // namespace

namespace npuwhisper {

AllocatorPtr make_audio_allocator() {
  gpointer object = g_object_new(npuwhisper_audio_allocator_get_type(), nullptr);
  gst_object_ref_sink(object);
  return AllocatorPtr(GST_ALLOCATOR(object));
}

AllocatorUse audio_allocator_use(GstAllocator* allocator) {
  return state_of(allocator).use();
}

void set_audio_ring(GstAllocator* allocator, std::shared_ptr<AudioRing> ring) {
  state_of(allocator).set_ring(std::move(ring));
}

void offer_audio_ring(GstAllocator* allocator, std::shared_ptr<AudioRing> ring) {
  state_of(allocator).offer_ring(std::move(ring));
}

void promise_audio_ring(GstAllocator* allocator) {
  state_of(allocator).promise_ring();
}

bool is_audio_ring_promised(GstAllocator* allocator) {
  return state_of(allocator).is_promised();
}

std::shared_ptr<AudioRing> audio_ring(GstAllocator* allocator) {
  return state_of(allocator).ring();
}

bool is_audio_memory(const GstMemory* memory) {
  return memory->allocator != nullptr &&
         G_TYPE_CHECK_INSTANCE_TYPE(memory->allocator, npuwhisper_audio_allocator_get_type());
}

bool is_ring_memory(const GstMemory* memory) {
  if (!is_audio_memory(memory)) return false;
  return audio_memory(memory->parent != nullptr ? memory->parent : memory)->ring != nullptr;
}

}  // namespace npuwhisper
