import json
import os
import urllib.request

request = urllib.request.Request(
    os.environ["OLLAGRAPH_URL"] + "/v1/scrape/batch/async",
    method="POST",
    headers={
        "Authorization": "Bearer " + os.environ["OLLAGRAPH_API_KEY"],
        "Content-Type": "application/json",
        "Idempotency-Key": "order-66",
    },
    data=json.dumps({
        "urls": ["https://a.example.com", "https://b.example.com"],
        "format": "markdown",
        "webhook_url": "https://yourapp.com/hooks/ollagraph",
    }).encode(),
)
with urllib.request.urlopen(request) as response:
    print(json.load(response)["job_id"])
