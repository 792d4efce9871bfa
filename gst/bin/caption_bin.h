// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "captioner.h"
#include "element_group.h"
#include "gst/support/gst_ptr.h"
#include "query_guard.h"
#include "text_gate.h"
#include "text_switch.h"
#include "video_lead.h"

namespace npuwhisper {

/// The contents of npuwhisperbin:
///
///   audio_sink - tee - audio_queue ---------------------------------------------- audio_src
///                   \- text_queue - audioconvert - audioresample - npuwhisper - gate
///                                                                                \.
///   video_sink - video_queue --------------------------------------------- captioner - video_src
///
/// Text arrives later than its speech, so audio_queue and video_queue buffer audio and video during
/// this delay. If video is ahead of audio, audio_queue also buffers as much audio as the video is
/// ahead (VideoLead). Only the captioner waits for text, or for a GAP that replaces the text. Text
/// flows only while both sink pads of the bin are linked. Without audio, there would be no GAPs and
/// video would wait forever. Without video, no element would consume the text, so the gate also
/// drops text after the video has ended.
/// Serialized queries never wait in a queue (QueryGuard).
///
/// Functions must be called from state changes and property setters unless stated otherwise. Any
/// thread may link pads (TextSwitch). sizes_mutex_ is held while properties of the elements are
/// read and set. A thread that holds sizes_mutex_ never waits for data.
class CaptionBin {
 public:
  explicit CaptionBin(GstBin* bin);
  ~CaptionBin();
  CaptionBin(const CaptionBin&) = delete;
  CaptionBin& operator=(const CaptionBin&) = delete;

  /// Returns the npuwhisper element, which the bin owns.
  GstElement* whisper() const { return whisper_; }
  CaptionMode mode() const { return mode_; }
  /// Sets the mode. Must be called in NULL or READY.
  void set_mode(CaptionMode mode);

  /// Returns true if no element is missing. Otherwise posts an ERROR and the messages that plugin
  /// installers look for.
  bool check_elements() const;
  /// Prepares for a new stream. Must be called for READY to PAUSED, before the elements change
  /// state. No element may be missing.
  void start();
  /// Completes start(). Must be called for READY to PAUSED, after the elements have changed state.
  void started();
  /// Ends the stream. Must be called for PAUSED to READY, after the elements have changed state.
  void stop();
  /// Sets whether the bin is playing. Must be called for PAUSED to PLAYING and back, before the
  /// elements change state.
  void set_playing(bool playing);
  /// Sizes the queues for the current latency and rates and for the lead of the video. Thread-safe.
  void size_queues();

 private:
  GstPad* add_ghost_pad(const char* name, GstPadDirection direction);
  void rebuild();
  /// Passes new caps of the video to the captioner. Returns false and posts an ERROR if the
  /// captioner refuses the caps.
  bool follow_video(GstEvent* caps_event);
  void follow_rate(GstEvent* segment_event, std::atomic<double>& rate);
  static void on_link_changed(GstPad* pad, GstPad* peer, gpointer self);
  static GstPadProbeReturn on_upstream_event(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_seek(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_video(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_text_query(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_audio_event(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  GstBin* bin_;
  ElementGroup elements_;
  GstElement* tee_;
  GstElement* audio_queue_;
  GstElement* video_queue_;
  GstElement* text_queue_;
  GstElement* whisper_;
  QueryGuard audio_queries_, video_queries_, text_queries_;  // One guard for each queue.
  PadPtr text_tee_;                                          // The tee's pad for the text's branch.
  PadPtr text_sink_;                                         // Peer of text_tee_ while text flows.
  TextGate gate_;
  TextSwitch text_;
  VideoLead video_lead_;
  // Ghost pads, owned by the bin.
  GstPad* audio_sink_ = nullptr;
  GstPad* video_sink_ = nullptr;
  GstPad* video_src_ = nullptr;
  CaptionMode mode_ = CaptionMode::Overlay;
  std::unique_ptr<Captioner> captioner_;

  std::atomic<GstClockTime> pipeline_latency_{0};
  std::atomic<double> audio_rate_{1.0}, video_rate_{1.0};  // Rates of the current segments.
  std::atomic<guint32> last_seek_{GST_SEQNUM_INVALID};
  std::atomic<bool> video_refused_{false};  // True if the captioner refused the video's caps.
  std::mutex sizes_mutex_;                  // Serializes size_queues().
};

}  // namespace npuwhisper
