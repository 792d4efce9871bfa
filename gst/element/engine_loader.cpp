// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine_loader.h"

#include <string>
#include <utility>

#include "gst/support/gsterror.h"
#include "gst/support/thread.h"

namespace npuwhisper {

Result<void> EngineLoader::start(const EngineOptions& options) {
  {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::Idle && options == options_) return {};
  }
  end();
  // Copies the options before the state changes, so that no load has begun if memory runs out here.
  EngineOptions wanted = options;
  EngineOptions loaded = options;
  int n_load = 0;
  std::shared_ptr<Engine> old;  // Released without the lock, before the new engine needs memory.
  {
    const std::scoped_lock lock(mutex_);
    state_ = State::Loading;
    options_ = std::move(wanted);
    n_load = ++n_loads_;
    std::swap(engine_, old);
  }
  old.reset();
  auto started = start_thread(
      thread_, "loading the model",
      [this, loaded = std::move(loaded), n_load](const std::stop_token&) { load(loaded, n_load); },
      [this, n_load](const Error& error) { fail_load(n_load, error); });
  if (!started) finish(n_load, State::Idle);
  return started;
}

void EngineLoader::load(const EngineOptions& options, int n_load) {
  post_progress(GST_PROGRESS_TYPE_START, ("Loading model " + options.model).c_str());
  const auto begin = std::chrono::steady_clock::now();
  // Engine::open() finds the model too. This call only shows the path of the model to the user
  // early.
  auto path = find_model(options.model);
  if (path) {
    const std::string device(to_string(options.device));
    post_progress(GST_PROGRESS_TYPE_CONTINUE,
                  ("Preparing " + path->string() + " for device " + device).c_str());
  }
  auto engine = path ? Engine::open(options) : Result<std::shared_ptr<Engine>>(fail(path.error()));
  if (!engine) {
    fail_load(n_load, engine.error());
    return;
  }
  post_progress(GST_PROGRESS_TYPE_COMPLETE,
                ("Model is ready on " + (*engine)->device().name).c_str());
  {
    const std::scoped_lock lock(mutex_);
    load_time_ = std::chrono::steady_clock::now() - begin;
    engine_ = std::move(*engine);
  }
  finish(n_load, State::Loaded);
}

void EngineLoader::fail_load(int n_load, const Error& error) noexcept {
  post_progress(GST_PROGRESS_TYPE_ERROR, error.message.c_str());
  finish(n_load, State::Failing);
  // wait() returns only after this ERROR is posted, so that the ERRORs of resulting failures come
  // later.
  post_error(element_, error, [this, n_load] { finish(n_load, State::Failed); });
}

void EngineLoader::finish(int n_load, State state) {
  const std::scoped_lock lock(mutex_);
  if (n_load != n_loads_) return;  // Another load began, or end() was called.
  state_ = state;
  changed_.notify_all();
}

std::shared_ptr<Engine> EngineLoader::wait(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return !is_busy(); });
  return state_ == State::Loaded ? engine_ : nullptr;
}

void EngineLoader::end() {
  if (thread_.joinable()) thread_.join();
  const std::scoped_lock lock(mutex_);
  if (state_ == State::Loaded) return;
  state_ = State::Idle;
  ++n_loads_;  // A thread that still posts a failure must not change the state any more.
  changed_.notify_all();
}

bool EngineLoader::failed(const EngineOptions& options) const {
  const std::scoped_lock lock(mutex_);
  return state_ == State::Failed && options == options_;
}

bool EngineLoader::is_loading() const {
  const std::scoped_lock lock(mutex_);
  return is_busy();
}

std::shared_ptr<Engine> EngineLoader::engine() const {
  const std::scoped_lock lock(mutex_);
  return engine_;
}

std::chrono::nanoseconds EngineLoader::load_time() const {
  const std::scoped_lock lock(mutex_);
  return load_time_;
}

void EngineLoader::post_progress(GstProgressType type, const char* text) const {
  gst_element_post_message(
      element_, gst_message_new_progress(GST_OBJECT(element_), type, "npuwhisper-load", text));
}

}  // namespace npuwhisper
