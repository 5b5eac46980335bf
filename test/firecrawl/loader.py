"""Loads documents with LangChain's loader, whose variables name the service. Prints them as one line of JSON."""
import json
import os

from langchain_firecrawl import FirecrawlLoader

site = os.environ["SITE"]


def load(url, mode, **params):
    documents = FirecrawlLoader(url, mode=mode, params=params).load()
    return [{"content": document.page_content, "metadata": document.metadata} for document in documents]


def error_of(url, mode):
    try:
        return load(url, mode)
    except Exception as error:
        return str(error)


print(json.dumps({
    "scraped": load(f"{site}/one", "scrape", formats=["markdown"]),
    "crawled": load(f"{site}/", "crawl", limit=3, poll_interval=1, timeout=60),
    "mapped": load(f"{site}/", "map"),
    "failed": error_of("http://10.0.0.1/", "scrape"),
    "refused": error_of(f"{site}/", "extract"),
}))
