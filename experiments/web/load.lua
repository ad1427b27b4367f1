-- wrk's script: each request posts the picture that PICTURE names.
--   PICTURE=photo.jpg wrk -t2 -c64 -d60s --timeout 60s --latency -s experiments/web/load.lua http://127.0.0.1:8750/v1/predict
local file = assert(io.open(os.getenv("PICTURE"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "image/jpeg"
file:close()

function response(status, headers, body)
  if status ~= 200 then
    print(status, body)
  end
end

function done(summary, latency)
  for _, share in ipairs({ 50, 95, 99 }) do
    print(string.format("p%d %.2f s", share, latency:percentile(share) / 1e6))
  end
  local errors = summary.errors
  print("errors", errors.connect + errors.read + errors.write + errors.status + errors.timeout)
end
