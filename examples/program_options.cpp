// SPDX-License-Identifier: LGPL-2.1-or-later
#include "program_options.h"

#include <string_view>

namespace npuwhisper::cli {

ProgramOptions::ProgramOptions(const char* arguments, const char* summary, const char* description)
    : arguments_(arguments), summary_(summary), description_(description) {}

void ProgramOptions::add_entry(const char* name, char letter, GOptionArg type, gpointer value,
                               const char* help, const char* shape) {
  entries_.push_back({name, letter, 0, type, value, help, shape});
}

// GOption has C strings to give; a callback puts them where they belong.
void ProgramOptions::add_taken(const char* name, char letter, int flags, const char* help,
                               const char* shape, Take take) {
  const GOptionArgFunc callback = &ProgramOptions::on_option;
  entries_.push_back({name, letter, flags, G_OPTION_ARG_CALLBACK,
                      reinterpret_cast<gpointer>(callback), help, shape});
  if (letter != '\0') takes_[std::string("-") + letter] = take;
  // What is no option comes without a name.
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

Result<void> ProgramOptions::parse(int argc, char** argv) {
  const std::unique_ptr<GOptionContext, void (*)(GOptionContext*)> context(
      g_option_context_new(arguments_), g_option_context_free);
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
