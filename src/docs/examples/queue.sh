curl -X POST "$OLLAGRAPH_URL/v1/scrape/batch/async" \
  -H "Authorization: Bearer $OLLAGRAPH_API_KEY" \
  -H "Content-Type: application/json" \
  -H "Idempotency-Key: order-66" \
  -d '{
    "urls": ["https://a.example.com", "https://b.example.com"],
    "format": "markdown",
    "webhook_url": "https://yourapp.com/hooks/ollagraph"
  }'
