// SPDX-License-Identifier: LGPL-2.1-or-later
#include "program_options.h"

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

namespace npuwhisper::cli {
namespace {

/// Returns "--NAME", or "--NAME=" if the option has a value.
std::string signature(const GOptionEntry& entry) {
  const bool has_value = (entry.flags & G_OPTION_FLAG_NO_ARG) == 0;
  return std::string("--") + entry.long_name + (has_value ? "=" : "");
}

/// Returns the signatures of the options that `help` describes.
std::set<std::string> described_options(const char* help) {
  std::set<std::string> found;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    const auto begin = line.find("--");
    if (begin == std::string::npos || !line.starts_with("  ")) continue;
    // A short name may precede the long one: "  -h, --help".
    if (begin != 2 && line.find_first_of('-') != 2) continue;
    const auto end = line.find_first_of("= ", begin);
    found.insert(line.substr(begin, end == std::string::npos ? end : end - begin) +
                 (end != std::string::npos && line[end] == '=' ? "=" : ""));
  }
  return found;
}

}  // namespace

ProgramOptions::ProgramOptions(const char* help) : help_(help) {
  const auto print = [this](const char*) -> Result<void> {
    std::cout << help_ << std::flush;
    std::exit(EXIT_SUCCESS);
  };
  add_taken("help", 'h', G_OPTION_FLAG_NO_ARG, nullptr, nullptr, print);
}

ProgramOptions::ProgramOptions(const char* arguments, const char* summary, const char* description)
    : arguments_(arguments), summary_(summary), description_(description) {}

void ProgramOptions::add_entry(const char* name, char letter, GOptionArg type, gpointer value,
                               const char* help, const char* shape) {
  entries_.push_back({name, letter, 0, type, value, help, shape});
}

// Adds an option whose value GOption passes to `take` as a C string. `take` stores the value in the
// variable of the caller.
void ProgramOptions::add_taken(const char* name, char letter, int flags, const char* help,
                               const char* shape, Take take) {
  const GOptionArgFunc callback = &ProgramOptions::on_option;
  entries_.push_back({name, letter, flags, G_OPTION_ARG_CALLBACK,
                      reinterpret_cast<gpointer>(callback), help, shape});
  if (letter != '\0') takes_[std::string("-") + letter] = take;
  // GOption's entry for the remaining arguments has an empty name.
  const bool is_rest = std::string_view(name).empty();
  takes_[is_rest ? std::string() : std::string("--") + name] = std::move(take);
}

void ProgramOptions::add(const char* name, std::string& value, const char* help, const char* shape,
                         char letter) {
  add_taken(name, letter, G_OPTION_FLAG_FILENAME, help, shape, [&value](const char* text) {
    value = text;
    return Result<void>();
  });
}

void ProgramOptions::add(const char* name, std::optional<std::string>& value, const char* help,
                         const char* shape) {
  add_taken(name, '\0', G_OPTION_FLAG_FILENAME, help, shape, [&value](const char* text) {
    value = text;
    return Result<void>();
  });
}

void ProgramOptions::add(const char* name, int& value, const char* help, const char* shape) {
  add_entry(name, '\0', G_OPTION_ARG_INT, &value, help, shape);
}

void ProgramOptions::add(const char* name, std::optional<int>& value, const char* help,
                         const char* shape) {
  add_taken(name, '\0', 0, help, shape, [name, &value](const char* given) -> Result<void> {
    const std::string_view text = given;
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return fail(ErrorCode::InvalidArgument,
                  std::string("--") + name + " '" + given + "': wanted a whole number");
    }
    value = number;
    return {};
  });
}

void ProgramOptions::add(const char* name, std::int64_t& value, const char* help,
                         const char* shape) {
  static_assert(sizeof(gint64) == sizeof value);
  add_entry(name, '\0', G_OPTION_ARG_INT64, &value, help, shape);
}

void ProgramOptions::add(const char* name, double& value, const char* help, const char* shape) {
  add_entry(name, '\0', G_OPTION_ARG_DOUBLE, &value, help, shape);
}

void ProgramOptions::add(const char* name, bool& value, const char* help) {
  add_taken(name, '\0', G_OPTION_FLAG_NO_ARG, help, nullptr, [&value](const char*) {
    value = true;
    return Result<void>();
  });
}

void ProgramOptions::add(const char* name, std::vector<Setting>& settings, const char* help) {
  add_taken(name, '\0', G_OPTION_FLAG_FILENAME, help, "NAME=VALUE",
            [name, &settings](const char* given) -> Result<void> {
              const std::string text = given;
              const auto equals = text.find('=');
              if (equals == std::string::npos || equals == 0) {
                return fail(ErrorCode::InvalidArgument,
                            std::string("--") + name + " '" + text + "': wanted NAME=VALUE");
              }
              settings.emplace_back(text.substr(0, equals), text.substr(equals + 1));
              return {};
            });
}

void ProgramOptions::add(const char* name, std::vector<std::string>& values, const char* help,
                         const char* shape) {
  add_taken(name, '\0', G_OPTION_FLAG_FILENAME, help, shape, [&values](const char* given) {
    values.emplace_back(given);
    return Result<void>();
  });
}

void ProgramOptions::add_rest(std::vector<std::string>& rest) {
  add_taken(G_OPTION_REMAINING, '\0', G_OPTION_FLAG_FILENAME, nullptr, nullptr,
            [&rest](const char* text) {
              rest.emplace_back(text);
              return Result<void>();
            });
}

gboolean ProgramOptions::on_option(const gchar* name, const gchar* value, gpointer self,
                                   GError** error) {
  const auto taken = static_cast<ProgramOptions*>(self)->takes_.find(name)->second(value);
  if (taken) return TRUE;
  g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                      taken.error().message.c_str());
  return FALSE;
}

Result<void> ProgramOptions::check_help() const {
  std::set<std::string> described = described_options(help_);
  for (const GOptionEntry& entry : entries_) {
    if (std::string_view(entry.long_name).empty()) continue;
    if (described.erase(signature(entry)) == 0) {
      return fail(ErrorCode::InvalidArgument, "the help does not describe " + signature(entry));
    }
  }
  if (described.empty()) return {};
  return fail(ErrorCode::InvalidArgument,
              "the help describes " + *described.begin() + ", which is not an option");
}

Result<void> ProgramOptions::parse(int argc, char** argv) {
  if (help_ != nullptr) {
    if (auto checked = check_help(); !checked) return checked;
  }
  const std::unique_ptr<GOptionContext, void (*)(GOptionContext*)> context(
      g_option_context_new(arguments_), g_option_context_free);
  g_option_context_set_help_enabled(context.get(), help_ == nullptr);
  g_option_context_set_summary(context.get(), summary_);
  g_option_context_set_description(context.get(), description_);
  GOptionGroup* own = g_option_group_new(nullptr, nullptr, nullptr, this, nullptr);
  entries_.push_back({});
  g_option_group_add_entries(own, entries_.data());
  g_option_context_set_main_group(context.get(), own);
  if (library_) g_option_context_add_group(context.get(), library_.release());
  GError* error = nullptr;
  if (g_option_context_parse(context.get(), &argc, &argv, &error) != FALSE) return {};
  const std::string message = error->message;
  g_error_free(error);
  return fail(ErrorCode::InvalidArgument, message);
}

}  // namespace npuwhisper::cli
