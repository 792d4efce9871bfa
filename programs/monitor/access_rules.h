// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <libsoup/soup.h>

#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::monitor {

/// Decides which requests are allowed, by the host name that a request uses for the server and by
/// the token that it carries. Reentrant.
class AccessRules {
 public:
  struct Options {
    /// Additional names and addresses of the server.
    std::vector<std::string> hosts{};
    /// The token that each request must carry. Empty: none is required.
    std::string token{};
  };

  /// `address` is the address that the server listens on. Errors: InvalidArgument (a token that is
  /// too short or cannot stand in a URL; an invalid host).
  static Result<AccessRules> create(Options options, const std::string& address);

  /// Returns whether the request's Host belongs to the server. A web site that points its own name
  /// at this server (DNS rebinding) makes its visitors' browsers send that name, and could then
  /// read the responses. These hosts belong to the server: the address that the connection came to
  /// and the one that the server listens on; localhost and all loopback addresses, for a connection
  /// over the loopback; this machine's name, also with .local, unless the server listens only on
  /// the loopback; Options::hosts.
  bool allows_host(SoupServerMessage* message) const;

  /// Returns whether the request carries the token, as the query's "token" or as "Authorization:
  /// Bearer". The time of the comparison does not depend on the position of the first wrong
  /// character.
  bool allows_token(SoupServerMessage* message) const;

  /// Returns whether the server listens on a loopback address.
  bool is_loopback() const { return is_loopback_; }

  /// Returns the query string, with '?', that carries the token; empty without a token.
  std::string query() const;

 private:
  AccessRules(Options options, std::string address, bool is_loopback);
  bool is_name_of_server(std::string_view host) const;

  Options options_;
  std::string address_;
  bool is_loopback_;
};

}  // namespace npuwhisper::monitor
