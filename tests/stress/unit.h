// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "dice.h"

namespace npuwhisper::stress {

/// Two pads that belong together, with references, whether or not they are linked just now.
struct Link {
  GstPad* source = nullptr;
  GstPad* sink = nullptr;
};

/// A request pad of the subject with the sink behind it, with references.
struct Branch {
  GstPad* pad = nullptr;
  GstElement* sink = nullptr;
};

enum class Subject { Element, Bin, TextToCea608 };

/// A pipeline around one element under test, which stands between sources and fakesinks.
///
/// Any thread may use what the accessors return; the branches are handed out to one thread at a
/// time. Everything ends in the destructor, which waits until the pipeline is in NULL.
class Unit {
 public:
  /// `small`: of many at once. What the pipeline looks like is up to `dice`.
  Unit(Subject kind, bool small, Dice& dice);
  ~Unit();
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;

  Subject kind() const { return kind_; }
  GstElement* pipeline() const { return pipeline_; }
  GstElement* subject() const { return subject_; }
  /// The sources of the pipeline; appsrc where operations feed it.
  const std::vector<GstElement*>& sources() const { return sources_; }
  /// What was linked to the subject at first.
  const std::vector<Link>& links() const { return links_; }
  /// Those of them that lead to the subject.
  const std::vector<Link>& inputs() const { return inputs_; }
  /// The gst-launch line.
  const std::string& description() const { return description_; }

  /// Sinks wait for preroll, and some for the clock. Else they never wait in PLAYING.
  bool sinks_wait() const { return sinks_wait_; }
  /// Held while states change, and during seeks and flushes: GStreamer itself may hang when they
  /// meet, since a sink that was flushed takes the state lock while it holds its stream lock.
  std::mutex& control_mutex() { return control_mutex_; }
  /// Held while a pad is looked for and requested.
  std::mutex& requests_mutex() { return requests_mutex_; }

  /// Where the data that operations feed has got to; goes on by `duration`.
  GstClockTime advance(GstClockTime duration) { return position_.fetch_add(duration); }

  void keep(Branch branch);
  /// A branch that the caller now owns; without a pad where there is none.
  Branch take_branch(Dice& dice);
  /// Removes a branch from the pipeline.
  void remove(Branch branch) const;

  /// Sets everything to NULL, which ends every call that waits inside of the pipeline.
  void stop() const;
  /// After stop(), with no operation running: plays a short stream with links as at first and sinks
  /// that never wait for the clock.
  void play_to_the_end();
  /// That has begun: what operations left to be done later is void.
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
  std::mutex mutex_;  // Guards the next.
  std::vector<Branch> branches_;
};

}  // namespace npuwhisper::stress
