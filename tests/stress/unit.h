// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "dice.h"

namespace npuwhisper::stress {

/// Two pads that were linked when the pipeline was created, with a reference to each. An operation
/// may have unlinked these pads.
struct Link {
  GstPad* source = nullptr;
  GstPad* sink = nullptr;
};

/// A request pad of the subject and the sink after it, with references.
struct Branch {
  GstPad* pad = nullptr;
  GstElement* sink = nullptr;
};

enum class Subject { Element, Bin, TextToCea608 };

/// A pipeline around one element under test, the subject, between sources and fakesinks.
///
/// Any thread may use the accessors' results. take_branch() gives a branch to only one thread. The
/// destructor waits until the pipeline is in NULL.
class Unit {
 public:
  /// `dice` chooses the pipeline. `small` selects a cheap one, for rounds with many units.
  Unit(Subject kind, bool small, Dice& dice);
  ~Unit();
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;

  Subject kind() const { return kind_; }
  GstElement* pipeline() const { return pipeline_; }
  GstElement* subject() const { return subject_; }
  /// Returns the pipeline's source elements. A source that operations feed is an appsrc.
  const std::vector<GstElement*>& sources() const { return sources_; }
  /// Returns the initial links of the subject.
  const std::vector<Link>& links() const { return links_; }
  /// Returns the initial links on the input side.
  const std::vector<Link>& inputs() const { return inputs_; }
  /// Returns the gst-launch line.
  const std::string& description() const { return description_; }

  /// Returns true if all sinks wait for preroll. Each sink may then also wait for the clock. If the
  /// result is false, no sink waits for preroll or for the clock.
  bool sinks_wait() const { return sinks_wait_; }
  /// Returns the mutex to hold during state changes, seeks and flushes. GStreamer may hang if these
  /// coincide, because a flushed sink takes its state lock while it holds its stream lock.
  std::mutex& control_mutex() { return control_mutex_; }
  /// Returns the mutex to hold while a pad is looked up and requested.
  std::mutex& requests_mutex() { return requests_mutex_; }

  /// Returns the position of the data fed by operations, and advances it by `duration`.
  GstClockTime advance(GstClockTime duration) { return position_.fetch_add(duration); }

  void keep(Branch branch);
  /// Transfers a random branch to the caller. The branch's pad is null if no branch is left.
  Branch take_branch(Dice& dice);
  /// Removes a branch from the pipeline.
  void remove(Branch branch) const;

  /// Sets the pipeline and its elements to NULL, which ends every call that waits inside the
  /// pipeline.
  void stop() const;
  /// Plays a short stream with the initial links and with sinks that never wait for the clock. Call
  /// it after stop(), with no operation running.
  void play_to_the_end();
  /// Returns true once play_to_the_end() has begun. Deferred operations must then do nothing.
  bool is_over() const { return is_over_; }

 private:
  const Subject kind_;
  const bool sinks_wait_;
  const std::string description_;
  GstElement* pipeline_ = nullptr;
  GstElement* subject_ = nullptr;
  std::vector<GstElement*> sources_;
  std::vector<Link> links_;
  std::vector<Link> inputs_;
  std::mutex control_mutex_;
  std::mutex requests_mutex_;
  std::atomic<GstClockTime> position_{0};
  std::atomic<bool> is_over_{false};
  std::mutex mutex_;  // Guards branches_.
  std::vector<Branch> branches_;
};

}  // namespace npuwhisper::stress
