// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::cli {

/// A property and its value as text, from NAME=VALUE.
using Setting = std::pair<std::string, std::string>;

/// A program's command line, built on GOption. Each option writes to a variable, which keeps its
/// value if the option is not given. Texts are the user's bytes, not converted to or from the
/// locale's character set. All names, texts and variables must outlive parse(). Reentrant.
class ProgramOptions {
 public:
  /// `help` is the whole text of --help. It has a line "  --NAME" or "  --NAME=VALUE" for each
  /// option. parse() fails unless `help` describes exactly the options that were added. With this
  /// constructor, add() needs no help texts or shapes.
  explicit ProgramOptions(const char* help);
  /// GOption writes the text of --help. `arguments` names the arguments after the options.
  /// `summary` is printed before the options, and `description` after the options.
  ProgramOptions(const char* arguments, const char* summary, const char* description = nullptr);
  ProgramOptions(const ProgramOptions&) = delete;
  ProgramOptions& operator=(const ProgramOptions&) = delete;

  /// Adds the option --`name`, whose value is written to `value`. `help` describes the option in
  /// --help. `shape` is the value's placeholder in --help. `letter` is the option's short name.
  void add(const char* name, std::string& value, const char* help = nullptr,
           const char* shape = nullptr, char letter = '\0');
  void add(const char* name, std::optional<std::string>& value, const char* help = nullptr,
           const char* shape = nullptr);
  void add(const char* name, int& value, const char* help = nullptr, const char* shape = "N");
  void add(const char* name, std::optional<int>& value, const char* help = nullptr,
           const char* shape = "N");
  void add(const char* name, std::int64_t& value, const char* help = nullptr,
           const char* shape = "N");
  void add(const char* name, double& value, const char* help = nullptr, const char* shape = "N");
  /// Adds an option without a value.
  void add(const char* name, bool& value, const char* help = nullptr);
  /// Adds an option that may be given more than once, each time as NAME=VALUE.
  void add(const char* name, std::vector<Setting>& settings, const char* help = nullptr);
  /// Adds an option that may be given more than once.
  void add(const char* name, std::vector<std::string>& values, const char* help = nullptr,
           const char* shape = nullptr);
  /// Collects the arguments that are not options.
  void add_rest(std::vector<std::string>& rest);
  /// Adds the options of a library. Takes ownership of the group. Call at most once.
  void add_library(GOptionGroup* group) { library_.reset(group); }

  /// Parses the arguments. --help prints and exits. Errors: InvalidArgument, with a message for the
  /// user. Call once.
  Result<void> parse(int argc, char** argv);

 private:
  using Take = std::function<Result<void>(const char*)>;
  struct FreeGroup {
    void operator()(GOptionGroup* group) const { g_option_group_unref(group); }
  };

  void add_entry(const char* name, char letter, GOptionArg type, gpointer value, const char* help,
                 const char* shape);
  void add_taken(const char* name, char letter, int flags, const char* help, const char* shape,
                 Take take);
  Result<void> check_help() const;
  static gboolean on_option(const gchar* name, const gchar* value, gpointer self, GError** error);

  const char* help_ = nullptr;  // nullptr: GOption writes the help text.
  const char* arguments_ = nullptr;
  const char* summary_ = nullptr;
  const char* description_ = nullptr;
  std::vector<GOptionEntry> entries_;
  std::map<std::string, Take, std::less<>> takes_;  // Keyed by the name that GOption passes.
  std::unique_ptr<GOptionGroup, FreeGroup> library_;
};

}  // namespace npuwhisper::cli
