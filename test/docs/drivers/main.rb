# Each line of the input is a case, each line of the output what the verifier says of it.
require "json"
require_relative "../../../src/docs/verifiers/verify"

$stdin.each_line do |line|
  secret, header, body = JSON.parse(line).values_at("secret", "header", "body")
  puts verify(secret, header, body.unpack1("m"))
end
