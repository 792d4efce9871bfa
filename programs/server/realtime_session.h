// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>
#include <npuwhisper/turn_detector.h>

#include "pcm_resampler.h"
#include "served_models.h"

namespace npuwhisper::server {

/// A transcription session of OpenAI's realtime interface, without its connection: takes the
/// client's events and sends the server's events (docs/server.md). With turn detection, a turn is
/// transcribed live: its text is sent in deltas while the person speaks. Without it, the audio up
/// to each commit is one turn. One thread uses the session; cancel() is thread-safe.
class RealtimeSession {
 public:
  /// Receives each event of the server, a JSON object. Must not throw.
  using Send = std::function<void(std::string)>;

  /// Maximum duration of a turn. Longer turns are ended.
  static constexpr std::chrono::minutes kLongestTurn{30};
  /// Maximum time from a word to its text, with turn detection.
  static constexpr std::chrono::milliseconds kLatency{2000};

  /// Creates a session and sends `session.created`. `models` must outlive the session; `model` is
  /// one of them. `defaults`: options that clients cannot set. Errors: those of
  /// PcmResampler::create().
  static Result<std::unique_ptr<RealtimeSession>> create(const ServedModels& models,
                                                         const ServedModel& model,
                                                         TranscriberOptions defaults, Send send);

  /// Takes an event of the client. An event that is refused gets the event `error`, and the session
  /// continues. Returns whether the event was well-formed.
  bool take(std::string_view message);
  /// Sends the text of all audio so far. Call this function if no audio has arrived for a while.
  void settle();
  /// Makes a running take() return soon.
  void cancel();

 private:
  using Json = nlohmann::ordered_json;

  enum class FaultKind {
    Malformed,
    TooEarly,  ///< A commit without enough audio.
    Server,
  };
  /// A reason to refuse an event.
  struct Fault {
    std::string message;
    std::string param{};
    std::string code{};
    FaultKind kind = FaultKind::Malformed;
  };
  using Check = std::optional<Fault>;

  struct TurnDetection {
    float threshold = 0.5F;
    std::chrono::milliseconds prefix{300};
    std::chrono::milliseconds silence{500};
    bool operator==(const TurnDetection&) const = default;
  };
  struct Settings {
    const ServedModel* model = nullptr;
    std::string language{};
    std::string prompt{};
    std::optional<TurnDetection> turns = TurnDetection{};
  };

  RealtimeSession(const ServedModels& models, const ServedModel& model, TranscriberOptions defaults,
                  Send send, std::unique_ptr<PcmResampler> resampler);

  Check handle(const Json& event);
  Check update(const Json& event);
  Check read_input(const Json& input, Settings& settings) const;
  Check read_transcription(const Json& object, Settings& settings) const;
  static Check read_turns(const Json& object, Settings& settings);
  static Fault server_fault(const Error& error);
  Check append(const Json& event);
  Check commit();
  Check clear();

  Check hear(std::span<const float> pcm);
  Check hear_turns(std::span<const float> pcm);
  void remember(std::span<const float> pcm);
  Result<void> begin_turn(std::int64_t begin);
  void end_turn(std::int64_t end);
  Result<void> make_transcriber();
  void reset_transcriber();
  Result<void> push(std::span<const float> pcm);
  void take_text(const std::vector<Segment>& segments);

  void send(const char* type, Json fields);
  void send_session(const char* type);
  void send_fault(const Fault& fault, const Json& event);
  static std::int64_t milliseconds(std::int64_t sample);

  const ServedModels& models_;
  const TranscriberOptions defaults_;
  const Send send_;
  const std::unique_ptr<PcmResampler> resampler_;
  const std::string id_;
  Settings settings_;

  std::unique_ptr<TurnDetector> detector_;    // Null if it must be created.
  std::unique_ptr<Transcriber> transcriber_;  // Null if it must be created. mutex_ guards changes.
  bool is_stale_ = false;  // The settings have changed since transcriber_ was created.
  std::mutex mutex_;
  bool cancelled_ = false;  // Guarded by mutex_.

  std::int64_t n_samples_ = 0;       // Samples of the stream so far, at 16 kHz.
  std::int64_t first_ = 0;           // Index of recent_.front() in the stream.
  std::vector<float> recent_;        // The last samples, for the audio before a turn.
  std::int64_t detector_begin_ = 0;  // Index of the detector's first sample in the stream.
  bool in_turn_ = false;
  bool failed_ = false;            // The transcription of the turn has failed.
  std::int64_t turn_samples_ = 0;  // Samples of the turn.
  std::string item_;               // Id of the turn's item.
  std::string previous_item_;      // Id of the item before; empty: none.
  std::string text_;               // Text of the turn so far.
};

}  // namespace npuwhisper::server
