// SPDX-License-Identifier: LGPL-2.1-or-later
#include "access_rules.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace npuwhisper::http {
namespace {

/// Minimum length of a token. A token of this length cannot be guessed with a few hundred requests
/// a second.
constexpr std::size_t kMinTokenCharacters = 16;

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
using Address = std::unique_ptr<GInetAddress, Unref>;

/// Returns the name in the form for comparisons: lower case, without the trailing dot of the root.
std::string normal(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string text(host);
  std::ranges::transform(text, text.begin(), [](char c) { return g_ascii_tolower(c); });
  return text;
}

Address parse_address(std::string_view text) {
  return Address(g_inet_address_new_from_string(std::string(text).c_str()));
}

/// Converts an IPv4-mapped IPv6 address (::ffff:192.0.2.1) to IPv4.
Address unmapped(Address address) {
  constexpr std::array<guint8, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (g_inet_address_get_family(address.get()) != G_SOCKET_FAMILY_IPV6) return address;
  const guint8* bytes = g_inet_address_to_bytes(address.get());
  if (!std::equal(kMapped.begin(), kMapped.end(), bytes)) return address;
  return Address(g_inet_address_new_from_bytes(bytes + kMapped.size(), G_SOCKET_FAMILY_IPV4));
}

/// Returns the local address of the connection of `message`.
Address local_address(SoupServerMessage* message) {
  GSocketAddress* here = soup_server_message_get_local_address(message);
  if (here == nullptr || !G_IS_INET_SOCKET_ADDRESS(here)) return nullptr;
  GInetAddress* address = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(here));
  return unmapped(Address(G_INET_ADDRESS(g_object_ref(address))));
}

bool is_of_loopback(const Address& address) {
  return g_inet_address_get_is_loopback(address.get()) != FALSE;
}

/// Returns whether a connection to `here` may use the address or name `host` for the server.
bool is_address_of(const Address& here, std::string_view host) {
  if (here == nullptr) return false;
  if (is_of_loopback(here) && host == "localhost") return true;
  Address named = parse_address(host);
  if (named == nullptr) return false;
  named = unmapped(std::move(named));
  if (is_of_loopback(here)) return is_of_loopback(named);
  return g_inet_address_equal(here.get(), named.get()) != FALSE;
}

bool may_stand_in_url(char c) {
  return g_ascii_isalnum(c) || std::string_view("-._~").find(c) != std::string_view::npos;
}

bool is_host(const std::string& host) {
  return parse_address(host) != nullptr || (!host.empty() && std::ranges::all_of(host, [](char c) {
           return g_ascii_isalnum(c) || c == '-' || c == '.' || c == '_';
         }));
}

/// Returns the value of "token" in the request's query.
std::optional<std::string> token_of_query(SoupServerMessage* message) {
  const char* query = g_uri_get_query(soup_server_message_get_uri(message));
  if (query == nullptr) return std::nullopt;
  std::string_view rest = query;
  constexpr std::string_view kName = "token=";
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    if (entry.starts_with(kName)) return std::string(entry.substr(kName.size()));
  }
  return std::nullopt;
}

std::optional<std::string> token_of_header(SoupServerMessage* message) {
  const char* value = soup_message_headers_get_one(soup_server_message_get_request_headers(message),
                                                   "Authorization");
  constexpr std::string_view kScheme = "Bearer ";
  if (value == nullptr) return std::nullopt;
  const std::string_view text = value;
  if (!text.starts_with(kScheme)) return std::nullopt;
  return std::string(text.substr(kScheme.size()));
}

/// Returns whether the texts are equal. Compares all of `wanted`, wherever the first difference is.
bool equal_in_constant_time(std::string_view found, std::string_view wanted) {
  unsigned difference = found.size() == wanted.size() ? 0 : 1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const char c = i < found.size() ? found[i] : '\0';
    difference |= static_cast<unsigned char>(c ^ wanted[i]);
  }
  return difference == 0;
}

}  // namespace

Result<AccessRules> AccessRules::create(Options options, const std::string& address) {
  const Address parsed = parse_address(address);
  if (parsed == nullptr) {
    return fail(ErrorCode::InvalidArgument, "address '" + address +
                                                "': wanted an IP address of this machine, such as "
                                                "127.0.0.1, or 0.0.0.0 for all of them");
  }
  for (std::string& host : options.hosts) {
    if (!is_host(host)) {
      return fail(ErrorCode::InvalidArgument,
                  "host '" + host + "': wanted a name or an IP address, without port");
    }
    host = normal(host);
  }
  const std::string& token = options.token;
  if (!token.empty() &&
      (token.size() < kMinTokenCharacters || !std::ranges::all_of(token, may_stand_in_url))) {
    return fail(ErrorCode::InvalidArgument, options.token_name + ": wanted at least " +
                                                std::to_string(kMinTokenCharacters) +
                                                " letters, digits, '-', '.', '_' or '~', found " +
                                                std::to_string(token.size()) + " characters");
  }
  return AccessRules(std::move(options), address, is_of_loopback(parsed));
}

AccessRules::AccessRules(Options options, std::string address, bool is_loopback)
    : options_(std::move(options)), address_(std::move(address)), is_loopback_(is_loopback) {}

bool AccessRules::allows_host(SoupServerMessage* message) const {
  const char* given = g_uri_get_host(soup_server_message_get_uri(message));
  if (given == nullptr) return false;
  const std::string host = normal(given);
  return is_name_of_server(host) || is_address_of(local_address(message), host);
}

bool AccessRules::is_name_of_server(std::string_view host) const {
  if (host == address_) return true;
  if (std::ranges::find(options_.hosts, host) != options_.hosts.end()) return true;
  if (is_loopback_) return false;
  const std::string machine = normal(g_get_host_name());
  return host == machine || host == machine + ".local";
}

bool AccessRules::allows_token(SoupServerMessage* message) const {
  if (options_.token.empty()) return true;
  auto found = token_of_query(message);
  if (!found) found = token_of_header(message);
  return found && equal_in_constant_time(*found, options_.token);
}

std::string AccessRules::query() const {
  return options_.token.empty() ? "" : "?token=" + options_.token;
}

}  // namespace npuwhisper::http
