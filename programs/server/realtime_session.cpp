// SPDX-License-Identifier: LGPL-2.1-or-later
#include "realtime_session.h"

#include <glib.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include <npuwhisper/languages.h>

#include "programs/common/json_line.h"

namespace npuwhisper::server {
namespace {

using Json = nlohmann::ordered_json;

/// The least audio of a turn that a client commits.
constexpr std::chrono::milliseconds kShortestTurn{100};
/// The most levels of JSON in an event. Errors show parts of an event, and the JSON library writes
/// nested values recursively.
constexpr int kMostLevels = 16;
/// The most values in an event. The time of the JSON library grows with their square.
constexpr int kMostValues = 256;
/// The longest prompt in bytes. A model reads about 220 tokens of it.
constexpr std::size_t kLongestPrompt = 4096;

std::string new_id(const char* prefix) {
  gchar* uuid = g_uuid_string_random();
  std::string id(uuid);
  g_free(uuid);
  std::erase(id, '-');
  return prefix + id.substr(0, 24);
}

std::int64_t to_samples(std::chrono::milliseconds time) {
  return time.count() * kSampleRate / 1000;
}

/// Returns a member of an object, or nullptr if it is missing.
const Json* find(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

/// Returns a short form of a JSON value for a message.
std::string shown(const Json& value) {
  std::string text = cli::json_line(value);
  constexpr std::size_t kMost = 60;
  if (text.size() > kMost) {
    std::size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end) + "...";
  }
  return text;
}

/// The size of a JSON text. In a malformed text, a part of it may count.
struct Extent {
  int n_levels = 0;
  int n_values = 1;
};
Extent extent_of(std::string_view text) {
  Extent extent;
  int level = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      extent.n_levels = std::max(extent.n_levels, ++level);
      ++extent.n_values;
    } else if (c == ']' || c == '}') {
      --level;
    } else if (c == ',') {
      ++extent.n_values;
    }
    if (extent.n_levels > kMostLevels || extent.n_values > kMostValues) break;
  }
  return extent;
}

/// Parses an event of the client.
std::variant<Json, std::string> parse_event(std::string_view message) {
  const Extent extent = extent_of(message);
  if (extent.n_levels > kMostLevels) {
    return "found JSON of more than " + std::to_string(kMostLevels) + " levels, wanted an event";
  }
  if (extent.n_values > kMostValues) {
    return "found JSON of more than " + std::to_string(kMostValues) + " values, wanted an event";
  }
  Json event = Json::parse(message, nullptr, /*allow_exceptions=*/false);
  if (!event.is_object()) return std::string("found no JSON object, wanted an event");
  return event;
}

/// Decodes base64 (RFC 4648) with padding. Returns nullopt for other text.
std::optional<std::vector<unsigned char>> decode_base64(const std::string& text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t end = std::min(text.find('='), text.size());
  if (text.size() % 4 != 0 || text.size() - end > 2 ||
      text.find_first_not_of('=', end) != std::string::npos ||
      std::string_view(text).substr(0, end).find_first_not_of(kAlphabet) !=
          std::string_view::npos) {
    return std::nullopt;
  }
  std::vector<unsigned char> bytes(text.size());
  gint state = 0;
  guint save = 0;
  bytes.resize(g_base64_decode_step(text.data(), text.size(), bytes.data(), &state, &save));
  return bytes;
}

}  // namespace

Result<std::unique_ptr<RealtimeSession>> RealtimeSession::create(const ServedModels& models,
                                                                 const ServedModel& model,
                                                                 TranscriberOptions defaults,
                                                                 Send send) {
  auto resampler = PcmResampler::create();
  if (!resampler) return fail(resampler.error());
  std::unique_ptr<RealtimeSession> session(new RealtimeSession(
      models, model, std::move(defaults), std::move(send), *std::move(resampler)));
  session->send_session("session.created");
  return session;
}

RealtimeSession::RealtimeSession(const ServedModels& models, const ServedModel& model,
                                 TranscriberOptions defaults, Send send,
                                 std::unique_ptr<PcmResampler> resampler)
    : models_(models),
      defaults_(std::move(defaults)),
      send_(std::move(send)),
      resampler_(std::move(resampler)),
      id_(new_id("sess_")),
      settings_{.model = &model} {}

bool RealtimeSession::take(std::string_view message) {
  const auto parsed = parse_event(message);
  if (const auto* problem = std::get_if<std::string>(&parsed)) {
    send_fault({*problem}, Json::object());
    return false;
  }
  const auto& event = std::get<Json>(parsed);
  const Check fault = handle(event);
  if (fault) send_fault(*fault, event);
  return !fault || fault->kind != FaultKind::Malformed;
}

void RealtimeSession::settle() {
  if (!in_turn_ || !settings_.turns || failed_) return;
  const auto segments = transcriber_->settle();
  if (segments) {
    take_text(*segments);
  } else {
    failed_ = true;
  }
}

void RealtimeSession::cancel() {
  const std::scoped_lock lock(mutex_);
  cancelled_ = true;
  if (transcriber_) transcriber_->cancel();
}

RealtimeSession::Check RealtimeSession::handle(const Json& event) {
  const Json* type = find(event, "type");
  if (type == nullptr || !type->is_string())
    return Fault{"type: found none, wanted a string", "type"};
  const auto& name = type->get_ref<const std::string&>();
  if (name == "input_audio_buffer.append") return append(event);
  if (name == "input_audio_buffer.commit") return commit();
  if (name == "input_audio_buffer.clear") return clear();
  if (name == "session.update") return update(event);
  return Fault{
      "type: found " + shown(*type) +
          ", wanted session.update, input_audio_buffer.append, input_audio_buffer.commit or "
          "input_audio_buffer.clear",
      "type"};
}

RealtimeSession::Check RealtimeSession::update(const Json& event) {
  const Json* session = find(event, "session");
  if (session == nullptr || !session->is_object()) {
    return Fault{"session: found none, wanted an object", "session"};
  }
  if (const Json* type = find(*session, "type"); type != nullptr && *type != "transcription") {
    return Fault{"session.type: found " + shown(*type) + ", wanted \"transcription\"",
                 "session.type"};
  }
  if (const Json* include = find(*session, "include");
      include != nullptr && !include->is_null() && !include->empty()) {
    return Fault{"session.include: found " + shown(*include) + ", wanted none", "session.include"};
  }
  Settings settings = settings_;
  if (const Json* audio = find(*session, "audio"); audio != nullptr && !audio->is_null()) {
    const Json* input = audio->is_object() ? find(*audio, "input") : nullptr;
    if (input == nullptr || !input->is_object()) {
      return Fault{"session.audio: found " + shown(*audio) + ", wanted an object with input",
                   "session.audio"};
    }
    if (const auto fault = read_input(*input, settings)) return fault;
  }
  if (settings.turns != settings_.turns) {
    if (in_turn_) end_turn(n_samples_);
    detector_.reset();
  }
  // A turn that has begun keeps its model, language and prompt.
  is_stale_ = is_stale_ || settings.model != settings_.model ||
              settings.language != settings_.language || settings.prompt != settings_.prompt ||
              settings.turns.has_value() != settings_.turns.has_value();
  settings_ = std::move(settings);
  send_session("session.updated");
  return std::nullopt;
}

RealtimeSession::Check RealtimeSession::read_input(const Json& input, Settings& settings) const {
  if (const Json* format = find(input, "format"); format != nullptr && !format->is_null()) {
    const Json* type = format->is_object() ? find(*format, "type") : nullptr;
    const Json* rate = format->is_object() ? find(*format, "rate") : nullptr;
    if (type == nullptr || *type != "audio/pcm" ||
        (rate != nullptr && !rate->is_null() && *rate != PcmResampler::kInputRate)) {
      return Fault{"session.audio.input.format: found " + shown(*format) +
                       R"(, wanted {"type": "audio/pcm", "rate": 24000})",
                   "session.audio.input.format"};
    }
  }
  // Noise reduction is a wish; session.updated tells that there is none.
  if (const Json* noise = find(input, "noise_reduction"); noise != nullptr && !noise->is_null()) {
    const Json* type = noise->is_object() ? find(*noise, "type") : nullptr;
    if (type == nullptr || (*type != "near_field" && *type != "far_field")) {
      return Fault{"session.audio.input.noise_reduction: found " + shown(*noise) +
                       R"(, wanted null or an object with "type": "near_field" or "far_field")",
                   "session.audio.input.noise_reduction"};
    }
  }
  if (const Json* transcription = find(input, "transcription");
      transcription != nullptr && !transcription->is_null()) {
    if (auto fault = read_transcription(*transcription, settings)) return fault;
  }
  const Json* turns = find(input, "turn_detection");
  return turns == nullptr ? std::nullopt : read_turns(*turns, settings);
}

RealtimeSession::Check RealtimeSession::read_transcription(const Json& object,
                                                           Settings& settings) const {
  const std::string param = "session.audio.input.transcription";
  if (!object.is_object())
    return Fault{param + ": found " + shown(object) + ", wanted an object", param};
  for (const char* name : {"model", "language", "prompt"}) {
    const Json* value = find(object, name);
    if (value != nullptr && !value->is_null() && !value->is_string()) {
      return Fault{param + "." + name + ": found " + shown(*value) + ", wanted a string",
                   param + "." + name};
    }
  }
  if (const Json* name = find(object, "model"); name != nullptr && name->is_string()) {
    settings.model = models_.find(name->get_ref<const std::string&>());
    if (settings.model == nullptr) {
      return Fault{"model: found " + shown(*name) + ", wanted one of " + models_.names(),
                   param + ".model", "model_not_found"};
    }
  }
  if (const Json* text = find(object, "language"); text != nullptr && text->is_null()) {
    settings.language.clear();
  } else if (text != nullptr) {
    const auto language = parse_language(text->get_ref<const std::string&>());
    if (!language) return Fault{language.error().message, param + ".language"};
    settings.language = *language;
  }
  if (!settings.language.empty() && !settings.model->engine->has_language(settings.language)) {
    return Fault{"language: found '" + settings.language + "', wanted a language of model '" +
                     settings.model->name + "'",
                 param + ".language"};
  }
  if (const Json* text = find(object, "prompt"); text != nullptr && text->is_null()) {
    settings.prompt.clear();
  } else if (text != nullptr) {
    settings.prompt = text->get<std::string>();
    if (settings.prompt.size() > kLongestPrompt) {
      return Fault{"prompt: found " + std::to_string(settings.prompt.size()) +
                       " bytes, wanted at most " + std::to_string(kLongestPrompt),
                   param + ".prompt"};
    }
    if (settings.prompt.find('\0') != std::string::npos) {
      return Fault{"prompt: found a NUL, wanted text", param + ".prompt"};
    }
  }
  return std::nullopt;
}

RealtimeSession::Check RealtimeSession::read_turns(const Json& object, Settings& settings) {
  const std::string param = "session.audio.input.turn_detection";
  if (object.is_null()) {
    settings.turns.reset();
    return std::nullopt;
  }
  const Json* type = object.is_object() ? find(object, "type") : nullptr;
  if (type == nullptr || *type != "server_vad") {
    return Fault{param + ": found " + shown(object) +
                     R"(, wanted null or an object with "type": "server_vad")",
                 param};
  }
  TurnDetection turns;
  const auto read = [&](const char* name, double least, double most, auto&& set) -> Check {
    const Json* value = find(object, name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_number() || !(value->get<double>() >= least && value->get<double>() <= most)) {
      return Fault{param + "." + name + ": found " + shown(*value) + ", wanted a number from " +
                       shown(least) + " to " + shown(most),
                   param + "." + name};
    }
    set(value->get<double>());
    return std::nullopt;
  };
  const auto in_ms = [](double value) { return std::chrono::milliseconds(std::llround(value)); };
  if (auto fault = read("threshold", 0.01, 1,
                        [&](double value) { turns.threshold = static_cast<float>(value); })) {
    return fault;
  }
  if (auto fault =
          read("prefix_padding_ms", 0, 5000, [&](double value) { turns.prefix = in_ms(value); })) {
    return fault;
  }
  if (auto fault = read("silence_duration_ms", 100, 10000,
                        [&](double value) { turns.silence = in_ms(value); })) {
    return fault;
  }
  settings.turns = turns;
  return std::nullopt;
}

RealtimeSession::Fault RealtimeSession::server_fault(const Error& error) {
  return {.message = error.message, .kind = FaultKind::Server};
}

RealtimeSession::Check RealtimeSession::append(const Json& event) {
  const Json* audio = find(event, "audio");
  if (audio == nullptr || !audio->is_string())
    return Fault{"audio: found none, wanted base64", "audio"};
  const auto bytes = decode_base64(audio->get_ref<const std::string&>());
  if (!bytes) return Fault{"audio: found text that is not base64, wanted base64", "audio"};
  if (bytes->size() % 2 != 0) {
    return Fault{"audio: found " + std::to_string(bytes->size()) +
                     " bytes, wanted 16-bit samples, an even number of bytes",
                 "audio"};
  }
  return hear(resampler_->convert(*bytes));
}

RealtimeSession::Check RealtimeSession::hear(std::span<const float> pcm) {
  if (settings_.turns) return hear_turns(pcm);
  n_samples_ += static_cast<std::int64_t>(pcm.size());
  if (!in_turn_) {
    if (const auto begun = begin_turn(n_samples_); !begun) return server_fault(begun.error());
  }
  // A failure is reported when the turn ends.
  if (!push(pcm)) failed_ = true;
  if (turn_samples_ >= to_samples(kLongestTurn)) end_turn(n_samples_);
  return std::nullopt;
}

/// Finds the turns in audio, and transcribes them.
RealtimeSession::Check RealtimeSession::hear_turns(std::span<const float> pcm) {
  if (detector_ == nullptr) {
    auto detector = TurnDetector::create(
        {.threshold = settings_.turns->threshold, .silence = settings_.turns->silence},
        settings_.model->engine->model_path());
    if (!detector) {
      Fault fault = server_fault(detector.error());
      fault.param = "session.audio.input.turn_detection";
      return fault;
    }
    detector_ = *std::move(detector);
    detector_begin_ = n_samples_;
  }
  constexpr std::size_t kPiece = 512;  // A step of the detector.
  while (!pcm.empty()) {
    const auto piece = pcm.first(std::min(kPiece, pcm.size()));
    pcm = pcm.subspan(piece.size());
    remember(piece);
    if (in_turn_ && !push(piece)) failed_ = true;
    for (const TurnEvent& event : detector_->push(piece)) {
      const std::int64_t at = detector_begin_ + event.sample;
      if (!event.begins) {
        if (in_turn_) end_turn(at);
      } else if (const auto begun = begin_turn(at - to_samples(settings_.turns->prefix)); !begun) {
        return server_fault(begun.error());
      }
    }
    if (in_turn_ && turn_samples_ >= to_samples(kLongestTurn)) {
      end_turn(n_samples_);
      detector_->reset();
      detector_begin_ = n_samples_;
    }
  }
  return std::nullopt;
}

/// Keeps the samples that a turn may begin with.
void RealtimeSession::remember(std::span<const float> pcm) {
  recent_.insert(recent_.end(), pcm.begin(), pcm.end());
  n_samples_ += static_cast<std::int64_t>(pcm.size());
  // The detector finds a turn a while after its beginning.
  const auto most = static_cast<std::size_t>(to_samples(settings_.turns->prefix) + kSampleRate);
  if (recent_.size() > 2 * most) {
    recent_.erase(recent_.begin(), recent_.end() - static_cast<std::ptrdiff_t>(most));
  }
  first_ = n_samples_ - static_cast<std::int64_t>(recent_.size());
}

/// Begins a turn with the audio from sample `begin` on, as far as it is still known.
Result<void> RealtimeSession::begin_turn(std::int64_t begin) {
  item_ = new_id("item_");
  text_.clear();
  turn_samples_ = 0;
  failed_ = false;
  if (const auto made = make_transcriber(); !made) return made;
  in_turn_ = true;
  if (!settings_.turns) return {};
  begin = std::max(begin, first_);
  send("input_audio_buffer.speech_started",
       {{"audio_start_ms", milliseconds(begin)}, {"item_id", item_}});
  if (!push(std::span(recent_).subspan(static_cast<std::size_t>(begin - first_)))) failed_ = true;
  return {};
}

/// Ends the turn: its audio becomes an item of the conversation, and its text is complete.
void RealtimeSession::end_turn(std::int64_t end) {
  in_turn_ = false;
  recent_.clear();
  first_ = n_samples_;
  const Json previous = previous_item_.empty() ? Json() : Json(previous_item_);
  if (settings_.turns) {
    send("input_audio_buffer.speech_stopped",
         {{"audio_end_ms", milliseconds(end)}, {"item_id", item_}});
  }
  send("input_audio_buffer.committed", {{"previous_item_id", previous}, {"item_id", item_}});
  const Json item = {
      {"id", item_},
      {"type", "message"},
      {"status", "completed"},
      {"role", "user"},
      {"content", Json::array({{{"type", "input_audio"}, {"transcript", nullptr}}})}};
  send("conversation.item.added", {{"previous_item_id", previous}, {"item", item}});
  send("conversation.item.done", {{"previous_item_id", previous}, {"item", item}});
  previous_item_ = item_;

  std::string problem = "the transcription has failed";
  if (!failed_) {
    const auto segments = transcriber_->drain();
    if (segments) {
      take_text(*segments);
    } else {
      failed_ = true;
      problem = segments.error().message;
    }
  }
  reset_transcriber();
  if (failed_) {
    return send("conversation.item.input_audio_transcription.failed",
                {{"item_id", item_},
                 {"content_index", 0},
                 {"error", {{"type", "server_error"}, {"message", problem}}}});
  }
  send("conversation.item.input_audio_transcription.completed",
       {{"item_id", item_},
        {"content_index", 0},
        {"transcript", text_},
        {"usage",
         {{"type", "duration"}, {"seconds", static_cast<double>(turn_samples_) / kSampleRate}}}});
}

/// Creates the transcriber of the session's settings, unless there is one.
Result<void> RealtimeSession::make_transcriber() {
  if (transcriber_ != nullptr && !is_stale_) return {};
  TranscriberOptions options = defaults_;
  options.language = settings_.language;
  options.initial_prompt = settings_.prompt;
  if (settings_.turns) options.live_latency = kLatency;
  auto made = Transcriber::create(settings_.model->engine, options);
  if (!made) return fail(made.error());
  const std::scoped_lock lock(mutex_);
  transcriber_ = *std::move(made);
  is_stale_ = false;
  if (cancelled_) transcriber_->cancel();
  return {};
}

/// Resets the transcriber, which forgets that it was cancelled.
void RealtimeSession::reset_transcriber() {
  transcriber_->reset();
  const std::scoped_lock lock(mutex_);
  if (cancelled_) transcriber_->cancel();
}

Result<void> RealtimeSession::push(std::span<const float> pcm) {
  turn_samples_ += static_cast<std::int64_t>(pcm.size());
  if (failed_) return {};
  auto segments = transcriber_->push(pcm);
  if (!segments) return fail(segments.error());
  take_text(*segments);
  return {};
}

void RealtimeSession::take_text(const std::vector<Segment>& segments) {
  for (const Segment& segment : segments) {
    std::string delta = segment.text;
    if (text_.empty()) delta.erase(0, delta.find_first_not_of(' '));
    if (delta.empty()) continue;
    text_ += delta;
    send("conversation.item.input_audio_transcription.delta",
         {{"item_id", item_}, {"content_index", 0}, {"delta", delta}});
  }
}

RealtimeSession::Check RealtimeSession::commit() {
  const std::int64_t found = in_turn_ ? turn_samples_ : 0;
  if (found < to_samples(kShortestTurn)) {
    return Fault{"the buffer has " + std::to_string(found * 1000 / kSampleRate) +
                     " ms of audio, wanted at least " + std::to_string(kShortestTurn.count()) +
                     " ms",
                 "", "input_audio_buffer_commit_empty", FaultKind::TooEarly};
  }
  end_turn(n_samples_);
  if (detector_ != nullptr) {
    detector_->reset();
    detector_begin_ = n_samples_;
  }
  return std::nullopt;
}

RealtimeSession::Check RealtimeSession::clear() {
  if (in_turn_) reset_transcriber();
  in_turn_ = false;
  recent_.clear();
  first_ = n_samples_;
  if (detector_ != nullptr) {
    detector_->reset();
    detector_begin_ = n_samples_;
  }
  send("input_audio_buffer.cleared", Json::object());
  return std::nullopt;
}

void RealtimeSession::send(const char* type, Json fields) {
  Json event = {{"type", type}, {"event_id", new_id("event_")}};
  event.update(fields);
  send_(cli::json_line(event));
}

void RealtimeSession::send_session(const char* type) {
  Json turns;
  if (settings_.turns) {
    turns = {{"type", "server_vad"},
             {"threshold", std::round(settings_.turns->threshold * 1000) / 1000},
             {"prefix_padding_ms", settings_.turns->prefix.count()},
             {"silence_duration_ms", settings_.turns->silence.count()}};
  }
  const Json transcription = {
      {"model", settings_.model->name},
      {"language", settings_.language.empty() ? Json() : Json(settings_.language)},
      {"prompt", settings_.prompt}};
  const Json input = {{"format", {{"type", "audio/pcm"}, {"rate", PcmResampler::kInputRate}}},
                      {"noise_reduction", nullptr},
                      {"transcription", transcription},
                      {"turn_detection", turns}};
  send(type, {{"session",
               {{"type", "transcription"},
                {"id", id_},
                {"object", "realtime.transcription_session"},
                {"audio", {{"input", input}}},
                {"include", nullptr}}}});
}

void RealtimeSession::send_fault(const Fault& fault, const Json& event) {
  const Json* id = find(event, "event_id");
  const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  send("error",
       {{"error",
         {{"type", fault.kind == FaultKind::Server ? "server_error" : "invalid_request_error"},
          {"code", or_null(fault.code)},
          {"message", fault.message},
          {"param", or_null(fault.param)},
          {"event_id", id != nullptr && id->is_string() ? *id : Json()}}}});
}

std::int64_t RealtimeSession::milliseconds(std::int64_t sample) {
  return sample * 1000 / kSampleRate;
}

}  // namespace npuwhisper::server
