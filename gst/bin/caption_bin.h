// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "../gst_ptr.h"
#include "captioner.h"
#include "element_group.h"
#include "query_guard.h"
#include "text_gate.h"
#include "text_switch.h"
#include "video_lead.h"

namespace npuwhisper {

/// What is inside npuwhisperbin:
///
///   audio_sink - tee - audio_queue ---------------------------------------------- audio_src
///                   \- text_queue - audioconvert - audioresample - npuwhisper - gate
///                                                                                \.
///   video_sink - video_queue --------------------------------------------- captioner - video_src
///
/// Text comes later than what is said, so the two outer queues hold as much as that takes; the
/// audio's queue also holds as much as the video is ahead of the audio (VideoLead). The captioner
/// waits for text, or the GAP that stands for it, and nothing else does. Text flows only while both
/// sinks of the bin are linked: without audio there would be no GAPs and video would wait for ever,
/// and without video nobody would take the text; for the same reason the gate drops text once the
/// video has ended. Serialized queries never wait in a queue (QueryGuard).
///
/// Functions are for state changes and properties if not said otherwise; pads may be linked by any
/// thread (TextSwitch). sizes_mutex_ is held while properties are read and set, and no data flow
/// waits for it.
class CaptionBin {
 public:
  explicit CaptionBin(GstBin* bin);
  ~CaptionBin();
  CaptionBin(const CaptionBin&) = delete;
  CaptionBin& operator=(const CaptionBin&) = delete;

  /// The npuwhisper element inside; owned by the bin.
  GstElement* whisper() const { return whisper_; }
  CaptionMode mode() const { return mode_; }
  /// In NULL or READY only.
  void set_mode(CaptionMode mode);

  /// Posts an ERROR, and what installers look for, if elements are missing; then false.
  bool check_elements() const;
  /// READY to PAUSED, before the elements follow. Nothing may be missing.
  void start();
  /// READY to PAUSED, after the elements.
  void started();
  /// PAUSED to READY, after the elements.
  void stop();
  /// PAUSED to PLAYING, and back, before the elements.
  void set_playing(bool playing);
  /// Fits the queues to the latency, the rates and the distance between the streams as they are
  /// now. Thread-safe.
  void size_queues();

 private:
  GstPad* add_ghost_pad(const char* name, GstPadDirection direction);
  void rebuild();
  /// False: the captioner cannot use video of these caps. An ERROR says why.
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
  QueryGuard audio_queries_, video_queries_, text_queries_;  // Of the three queues.
  PadPtr text_tee_;                                          // The tee's pad for the text's audio,
  PadPtr text_sink_;                                         // and what it is linked to.
  TextGate gate_;
  TextSwitch text_;
  VideoLead video_lead_;
  GstPad* audio_sink_ = nullptr;  // Of the bin, as is the next, and owned by it.
  GstPad* video_sink_ = nullptr;
  GstPad* video_src_ = nullptr;
  CaptionMode mode_ = CaptionMode::Overlay;
  std::unique_ptr<Captioner> captioner_;

  std::atomic<GstClockTime> pipeline_latency_{0};
  std::atomic<double> audio_rate_{1.0}, video_rate_{1.0};  // Of the segments.
  std::atomic<guint32> last_seek_{GST_SEQNUM_INVALID};
  std::atomic<bool> video_refused_{false};  // The captioner cannot use the video's caps.
  std::mutex sizes_mutex_;                  // One thread computes and sets the queues' sizes.
};

}  // namespace npuwhisper
