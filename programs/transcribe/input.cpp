// SPDX-License-Identifier: LGPL-2.1-or-later
#include "input.h"

#include <glib.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

namespace npuwhisper::cli {
namespace {

namespace fs = std::filesystem;

struct Free {
  void operator()(gchar* text) const { g_free(text); }
  void operator()(GError* error) const { g_error_free(error); }
  void operator()(GUri* uri) const { g_uri_unref(uri); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

/// Returns whether the text begins with "SCHEME://" (RFC 3986, section 3.1). A path with such a
/// beginning can be given as "./SCHEME://".
bool is_uri(std::string_view text) {
  const auto scheme = text.substr(0, text.find("://"));
  return scheme.size() < text.size() && !scheme.empty() &&
         std::isalpha(static_cast<unsigned char>(scheme.front())) != 0 &&
         std::ranges::all_of(scheme, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
         });
}

Failure not_a_uri(const std::string& text, const GError& error) {
  return fail(ErrorCode::InvalidArgument, "cannot read the URI '" + text + "': " + error.message);
}

std::string last_part(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  return name == "." || name == ".." ? std::string() : name;
}

/// Returns "a b.mp3" for "http://host/a%20b.mp3?c".
Result<std::string> name_of_uri(const std::string& text) {
  GError* raw_error = nullptr;
  const Owned<GUri> uri(g_uri_parse(text.c_str(), G_URI_FLAGS_NONE, &raw_error));
  if (const Owned<GError> error(raw_error); error) return not_a_uri(text, *error);
  std::string path = g_uri_get_path(uri.get());
  while (path.ends_with('/')) path.pop_back();
  if (std::string name = last_part(path); !name.empty()) return name;
  const char* host = g_uri_get_host(uri.get());
  return std::string(host != nullptr && *host != '\0' ? host : g_uri_get_scheme(uri.get()));
}

}  // namespace

Result<Input> parse_input(const std::string& text) {
  using Kind = Input::Kind;
  if (text == "-") {
    return Input{.kind = Kind::Stdin, .given = text, .location = {}, .name = "stdin"};
  }
  if (!is_uri(text)) {
    return Input{
        .kind = Kind::File, .given = text, .location = text, .name = fs::path(text).filename()};
  }
  if (g_ascii_strncasecmp(text.c_str(), "file:", 5) == 0) {
    GError* raw_error = nullptr;
    gchar* raw_host = nullptr;
    const Owned<gchar> path(g_filename_from_uri(text.c_str(), &raw_host, &raw_error));
    const Owned<gchar> host(raw_host);
    if (const Owned<GError> error(raw_error); error) return not_a_uri(text, *error);
    if (host && g_ascii_strcasecmp(host.get(), "localhost") != 0) {
      return fail(ErrorCode::InvalidArgument, "the URI '" + text + "' names a file of the host '" +
                                                  host.get() + "': wanted file:///PATH");
    }
    return Input{.kind = Kind::File,
                 .given = text,
                 .location = path.get(),
                 .name = fs::path(path.get()).filename()};
  }
  Result<std::string> name = name_of_uri(text);
  if (!name) return fail(name.error());
  return Input{.kind = Kind::Uri, .given = text, .location = text, .name = *std::move(name)};
}

Result<void> check_input(const Input& input) {
  if (input.kind != Input::Kind::File) return {};
  const char* path = input.location.c_str();
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return fail(ErrorCode::InvalidArgument, "is a folder");
  }
  if (access(path, R_OK) != 0) return fail(ErrorCode::NotFound, std::strerror(errno));
  // Pipes and devices have no known size.
  const auto size = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 1;
  if (!error && size == 0) {
    return fail(ErrorCode::InvalidArgument, "the file is empty");
  }
  return {};
}

}  // namespace npuwhisper::cli
