// SPDX-License-Identifier: LGPL-2.1-or-later
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/guarded.h>

#include "engine/model_engine.h"

namespace npuwhisper {
namespace {

/// An engine that is in use or being loaded. The pointer is weak, so that the last user of the
/// engine destroys it.
struct CacheEntry {
  EngineOptions options;  // options.model is the path of the model
  std::weak_ptr<Engine> engine;
  bool loading = false;
};

struct Cache {
  std::mutex mutex;  // guards entries
  std::condition_variable loaded;
  std::vector<CacheEntry> entries;

  CacheEntry* find(const EngineOptions& options) {
    for (CacheEntry& entry : entries) {
      if (entry.options == options) return &entry;
    }
    return nullptr;
  }
};

Cache& cache() {
  static Cache instance;
  return instance;
}

Result<std::shared_ptr<Engine>> open_unguarded(const EngineOptions& options) {
  auto folder = find_model(options.model);
  if (!folder) return fail(folder.error());
  EngineOptions key = options;
  key.model = folder->string();

  Cache& shared = cache();
  std::unique_lock lock(shared.mutex);
  shared.loaded.wait(lock, [&] {
    const CacheEntry* entry = shared.find(key);
    return entry == nullptr || !entry->loading;
  });
  if (CacheEntry* entry = shared.find(key)) {
    if (auto engine = entry->engine.lock()) return engine;
  }
  std::erase_if(shared.entries,
                [](const CacheEntry& e) { return !e.loading && e.engine.expired(); });
  shared.entries.push_back({key, {}, true});
  lock.unlock();
  // An exception must not leave an entry in the loading state.
  auto made = guarded("model", [&] { return ModelEngine::create(key); });
  lock.lock();
  CacheEntry* entry = shared.find(key);
  entry->loading = false;
  shared.loaded.notify_all();
  if (!made) {
    std::erase_if(shared.entries, [&](const CacheEntry& e) { return e.options == key; });
    return fail(made.error());
  }
  entry->engine = *made;
  return std::shared_ptr<Engine>(std::move(*made));
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::open(const EngineOptions& options) {
  return guarded("engine", [&] { return open_unguarded(options); });
}

Result<MemoryNeed> Engine::memory_needed(const EngineOptions& options) {
  return guarded("engine", [&] { return ModelEngine::memory_needed(options); });
}

}  // namespace npuwhisper
