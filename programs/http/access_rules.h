// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::http {

/// Decides which requests are allowed, by the host name that a request uses for the server and by
/// the token that it carries. Reentrant.
class AccessRules {
 public:
  struct Options {
    /// Additional names and addresses of the server.
    std::vector<std::string> hosts{};
    /// The token that each request must carry. Empty: no token is required.
    std::string token{};
    /// Name of the token in error messages: the option that sets it.
    std::string token_name = "--token";
  };

  /// Creates rules for a server that listens on the IP address `address`. Errors: InvalidArgument
  /// (an invalid address or host, or a token that is too short or cannot be part of a URL).
  static Result<AccessRules> create(Options options, const std::string& address);

  /// Returns whether the Host of the request names the server. Without this check, a web site could
  /// point its own name at the server (DNS rebinding) and read the responses in the browsers of its
  /// visitors. These hosts name the server:
  ///  - the address that the server listens on, and the local address of the connection;
  ///  - localhost and all loopback addresses, if the connection uses the loopback interface;
  ///  - this machine's name, also with .local, unless the server listens on the loopback only;
  ///  - Options::hosts.
  bool allows_host(SoupServerMessage* message) const;

  /// Returns whether the request carries the token, as the query's "token" or, if the query has
  /// none, as "Authorization: Bearer". Returns true if no token is required. The time of the
  /// comparison does not depend on the position of the first wrong character.
  bool allows_token(SoupServerMessage* message) const;

  /// Returns whether the server listens on a loopback address.
  bool is_loopback() const { return is_loopback_; }

  /// Returns the query string that carries the token, including '?'. Returns an empty string if
  /// there is no token.
  std::string query() const;

 private:
  AccessRules(Options options, std::string address, bool is_loopback);
  bool is_name_of_server(std::string_view host) const;

  Options options_;
  std::string address_;
  bool is_loopback_;
};

}  // namespace npuwhisper::http
