"""Drives the service with Firecrawl's Python client. Prints what came as one line of JSON."""
import json
import os

from firecrawl import Firecrawl

client = Firecrawl(api_url=os.environ["SERVICE"], api_key=os.environ["KEY"])
site = os.environ["SITE"]

document = client.scrape(f"{site}/", formats=["markdown", "links"], only_main_content=False)
batch = client.batch_scrape([f"{site}/one", f"{site}/two"], formats=["markdown"], poll_interval=1, wait_timeout=60)
crawl = client.crawl(f"{site}/", limit=2, poll_interval=1, timeout=60)
started = client.start_crawl(f"{site}/held", limit=1)
try:
    client.scrape("http://10.0.0.1/")
    refused = None
except Exception as error:
    refused = str(error)

picture = None
if "BROWSER" in os.environ:
    actions = [{"type": "wait", "milliseconds": 10}, {"type": "screenshot"}]
    seen = client.scrape(f"{site}/one", formats=[{"type": "screenshot", "full_page": True}], actions=actions)
    picture = [seen.screenshot, seen.actions["screenshots"]]

print(json.dumps({
    "markdown": document.markdown,
    "links": document.links,
    "title": document.metadata.title,
    "batch": [batch.status, batch.total, sorted(page.metadata.title for page in batch.data)],
    "crawl": [crawl.status, crawl.total, len(crawl.data)],
    "cancelled": client.cancel_crawl(started.id),
    "errors": client.get_crawl_errors(crawl.id).errors,
    "credits": client.get_credit_usage().remaining_credits,
    "refused": refused,
    "picture": picture,
}))
