require "openssl"

# header: X-Ollagraph-Signature. body: the raw bytes as they arrived,
# not JSON that was parsed and written again.
def verify(secret, header, body, tolerance_seconds = 300)
  pairs = header.split(",").map { |part| part.strip.split("=", 2) }
  timestamp = pairs.find { |name, _| name == "t" }&.last.to_s
  return false unless timestamp.match?(/\A\d{1,12}\z/)
  return false if (Time.now.to_i - timestamp.to_i).abs > tolerance_seconds

  expected = OpenSSL::HMAC.hexdigest("SHA256", secret, "#{timestamp}.".b + body.b)
  pairs.any? { |name, value| name == "v1" && OpenSSL.secure_compare(value.to_s, expected) }
end
