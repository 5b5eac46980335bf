const response = await fetch(`${process.env.OLLAGRAPH_URL}/v1/scrape/batch/async`, {
  method: 'POST',
  headers: {
    Authorization: `Bearer ${process.env.OLLAGRAPH_API_KEY}`,
    'Content-Type': 'application/json',
    'Idempotency-Key': 'order-66',
  },
  body: JSON.stringify({
    urls: ['https://a.example.com', 'https://b.example.com'],
    format: 'markdown',
    webhook_url: 'https://yourapp.com/hooks/ollagraph',
  }),
});
const answer = await response.json();
if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
console.log(answer.job_id);
